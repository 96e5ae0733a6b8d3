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

/** Whether nobody can change it any more, however deep; also of what others have frozen, who may have frozen only its outside. */
export const isDeeplyFrozen = (value: unknown): boolean => {
  const left: unknown[] = [value]
  while (left.length > 0) {
    const next = left.pop()
    if (typeof next !== 'object' || next === null) continue
    if (!Object.isFrozen(next)) return false
    for (const member of Object.values(next)) left.push(member)
  }
  return true
}
