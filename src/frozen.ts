/**
 * The value itself, which nobody can change from now on, however deep. For values that this code made: whatever is frozen already
 * is taken for frozen all the way down.
 */
export const deepFrozen = <Value>(value: Value): Value => {
  // Without recursion, since an older version has recorded values of thousands of levels.
  const left: unknown[] = [value]
  while (left.length > 0) {
    const next = left.pop()
    if (typeof next !== 'object' || next === null || Object.isFrozen(next)) continue
    Object.freeze(next)
    for (const key in next) left.push((next as Record<string, unknown>)[key])
  }
  return value
}
