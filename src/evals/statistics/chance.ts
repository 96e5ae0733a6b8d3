/** Draws of one seed. The same seed gives the same draws, on every machine. */
export interface Chance {
  /** Uniform in [0, 1). */
  next(): number
  /** 0 … limit - 1. */
  below(limit: number): number
  /** Any number from `low` up to `high`. */
  between(low: number, high: number): number
  /** Whether it happens, `probability` being between 0 and 1. */
  hits(probability: number): boolean
  pick<Item>(items: readonly [NoInfer<Item>, ...Item[]]): Item
}

const WARM_UP_DRAWS = 12

/** sfc32 (Chris Doty-Humphrey), in 32-bit integers. */
export const seededChance = (seed: number): Chance => {
  let a = seed | 0
  let b = 0x9e3779b9 | 0
  let c = Math.floor(seed / 2 ** 32) | 0
  let counter = 1
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + sum) | 0
    return (sum >>> 0) / 2 ** 32
  }
  for (let draw = 0; draw < WARM_UP_DRAWS; draw++) next()
  return {
    next,
    below: (limit) => Math.floor(next() * limit),
    between: (low, high) => low + next() * (high - low),
    // One draw in any case, so that a probability of zero changes no other draw.
    hits: (probability) => next() < probability,
    pick: (items) => items[Math.floor(next() * items.length)] ?? items[0],
  }
}
