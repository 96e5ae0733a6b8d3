/** What was found to be plain and frozen all the way down. */
const shareable = new WeakSet()

/**
 * The state of a projection as others may have it: plain objects and arrays themselves, frozen, so that reading a large one again costs
 * nothing; all else (a Map, a Date, an instance) as a copy, and with it what holds it. Throws where `structuredClone` cannot copy it, as it
 * cannot a function.
 */
export const readOnly = <State>(state: State): State => shared(state, new Set()) as State

const shared = (value: unknown, above: Set<object>): unknown => {
  if (typeof value !== 'object' || value === null) return structuredClone(value)
  // That its owner has frozen it says nothing of what it holds.
  if (shareable.has(value)) return value
  if (above.has(value)) throw new TypeError('a state that holds itself cannot be read')
  above.add(value)
  const read = isPlain(value) ? sharedPlain(value, above) : copied(value, above)
  above.delete(value)
  return read
}

const isPlain = (value: object): value is Readonly<Record<string, unknown>> => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null || prototype === Array.prototype
}

const sharedPlain = (value: Readonly<Record<string, unknown>>, above: Set<object>): unknown => {
  const members = Object.entries(value).map(([key, member]) => [key, shared(member, above)] as const)
  if (members.every(([key, member]) => member === value[key])) {
    shareable.add(value)
    return Object.freeze(value)
  }
  return Array.isArray(value) ? members.map(([, member]) => member) : Object.fromEntries(members)
}

const copied = (value: object, above: Set<object>): unknown => {
  if (value instanceof Map) return new Map([...value].map(([key, member]) => [shared(key, above), shared(member, above)] as const))
  if (value instanceof Set) return new Set([...value].map((member) => shared(member, above)))
  return structuredClone(value)
}
