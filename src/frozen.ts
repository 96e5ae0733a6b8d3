/**
 * The value itself, which nobody can change from now on, however deep. For values that this code made: whatever is frozen already
 * is taken for frozen all the way down.
 */
export const deepFrozen = <Value>(value: Value): Value => {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  for (const key in value) deepFrozen(value[key])
  return value
}
