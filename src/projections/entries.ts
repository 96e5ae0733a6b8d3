/**
 * The map with one entry more, or with another value under its key; the map itself stays as it is. In the order of a `Map`: a key keeps its
 * place, and one that was taken out comes back as the last. What it costs hardly grows with the map.
 */
export const withEntry = <Key, Value>(map: ReadonlyMap<Key, Value>, key: Key, value: Value): ReadonlyMap<Key, Value> =>
  isSmall(map) ? new Map(map).set(key, value) : layers(map).with(key, value)

/** The map without this key; the very same where it has none. */
export const withoutKey = <Key, Value>(map: ReadonlyMap<Key, Value>, key: Key): ReadonlyMap<Key, Value> => {
  if (!map.has(key)) return map
  if (!isSmall(map)) return layers(map).without(key)
  const rest = new Map(map)
  rest.delete(key)
  return rest
}

/** Below this, nothing is faster than a copy. */
const SMALL = 64

const isSmall = (map: ReadonlyMap<unknown, unknown>): boolean => map.size < SMALL

const layers = <Key, Value>(map: ReadonlyMap<Key, Value>): LayeredMap<Key, Value> =>
  map instanceof LayeredMap ? (map as LayeredMap<Key, Value>) : new LayeredMap(map, new Map<Key, Value>(), new Map<Key, Value>())

const GONE = Symbol('gone')

/** A large map that others share, and what is different here. */
class LayeredMap<Key, Value> implements ReadonlyMap<Key, Value> {
  readonly #base: ReadonlyMap<Key, Value>
  /** Of keys of the base. */
  readonly #changed: ReadonlyMap<Key, Value | typeof GONE>
  readonly #added: ReadonlyMap<Key, Value>
  readonly size: number
  #one: ReadonlyMap<Key, Value> | undefined

  constructor(
    base: ReadonlyMap<Key, Value>,
    changed: ReadonlyMap<Key, Value | typeof GONE>,
    added: ReadonlyMap<Key, Value>,
    size = base.size,
  ) {
    this.#base = base
    this.#changed = changed
    this.#added = added
    this.size = size
  }

  with(key: Key, value: Value): ReadonlyMap<Key, Value> {
    const isNew = !this.has(key)
    return isNew || this.#added.has(key)
      ? this.#next(this.#changed, new Map(this.#added).set(key, value), this.size + (isNew ? 1 : 0))
      : this.#next(new Map(this.#changed).set(key, value), this.#added, this.size)
  }

  /** Of a key that it has. */
  without(key: Key): ReadonlyMap<Key, Value> {
    if (!this.#added.has(key)) return this.#next(new Map(this.#changed).set(key, GONE), this.#added, this.size - 1)
    const added = new Map(this.#added)
    added.delete(key)
    return this.#next(this.#changed, added, this.size - 1)
  }

  /** What is different is copied with each change, and the base each time that it has become too much. */
  #next(changed: ReadonlyMap<Key, Value | typeof GONE>, added: ReadonlyMap<Key, Value>, size: number): ReadonlyMap<Key, Value> {
    const map = new LayeredMap(this.#base, changed, added, size)
    const differences = changed.size + added.size
    return size < SMALL || differences * differences > this.#base.size ? map.#inOne() : map
  }

  get(key: Key): Value | undefined {
    if (this.#added.has(key)) return this.#added.get(key)
    if (!this.#changed.has(key)) return this.#base.get(key)
    const value = this.#changed.get(key)
    return value === GONE ? undefined : value
  }

  has(key: Key): boolean {
    if (this.#added.has(key)) return true
    return this.#base.has(key) && this.#changed.get(key) !== GONE
  }

  entries(): MapIterator<[Key, Value]> {
    return this.#inOne().entries()
  }

  keys(): MapIterator<Key> {
    return this.#inOne().keys()
  }

  values(): MapIterator<Value> {
    return this.#inOne().values()
  }

  forEach(tell: (value: Value, key: Key, map: ReadonlyMap<Key, Value>) => void): void {
    for (const [key, value] of this.#inOne()) tell(value, key, this)
  }

  [Symbol.iterator](): MapIterator<[Key, Value]> {
    return this.entries()
  }

  /** Made when it is first gone through: a copy and the differences cost less than to go through the layers once. */
  #inOne(): ReadonlyMap<Key, Value> {
    if (this.#one !== undefined) return this.#one
    const one = new Map(this.#base)
    for (const [key, value] of this.#changed) {
      if (value === GONE) one.delete(key)
      else one.set(key, value)
    }
    for (const [key, value] of this.#added) one.set(key, value)
    this.#one = one
    return one
  }
}
