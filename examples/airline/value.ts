/**
 * JSON without loss: an integer is a bigint and a float is a number, so that `250` and `250.0` stay different;
 * an object is a Map, so that its keys keep their order and no inherited name is one of them.
 * Values are never changed in place: a change makes new ones that share what is the same.
 */
export type Value = null | boolean | bigint | number | string | readonly Value[] | ReadonlyMap<string, Value>

export type ObjectValue = ReadonlyMap<string, Value>

export type Numeric = bigint | number

export const isObject = (value: Value): value is ObjectValue => value instanceof Map

export const isArray = (value: Value): value is readonly Value[] => Array.isArray(value)

/** The members in the order written; for names that are known and do not look like array indices. */
export const objectOf = (members: Readonly<Record<string, Value>>): ObjectValue => new Map(Object.entries(members))

/** A copy with these members set: a key that is already there keeps its place, a new one goes to the end. */
export const withItems = <V extends Value>(
  object: ReadonlyMap<string, V>,
  members: Readonly<Record<string, V>>,
): ReadonlyMap<string, V> => {
  const copy = new Map(object)
  for (const [key, value] of Object.entries(members)) copy.set(key, value)
  return copy
}

export const withoutItem = (object: ObjectValue, key: string): ObjectValue => {
  const copy = new Map(object)
  copy.delete(key)
  return copy
}
