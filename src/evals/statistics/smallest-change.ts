import { ALPHA } from './paired-test.ts'
import { normalQuantile } from './normal.ts'

/** How sure one wants to be: not to see what is not there, and to see what is. */
export interface Sureness {
  /** Of both sides; 0.05 without it. */
  readonly alpha?: number
  /** 0.8 without it. */
  readonly power?: number
}

const POWER = 0.8

const quantiles = ({ alpha = ALPHA, power = POWER }: Sureness): { readonly zAlpha: number; readonly zPower: number } => ({
  zAlpha: normalQuantile(1 - alpha / 2),
  zPower: normalQuantile(power),
})

/**
 * The smallest difference of two shares that a paired comparison of so many cases would show (Connor 1987), where `discordance` of them are
 * expected to differ. Undefined where no difference that is possible would: it cannot be larger than the discordance.
 */
export const smallestPairedChange = (pairs: number, discordance: number, sureness: Sureness = {}): number | undefined => {
  const { zAlpha, zPower } = quantiles(sureness)
  return smallest(
    discordance,
    (change) => pairs * change * change >= (zAlpha * Math.sqrt(discordance) + zPower * Math.sqrt(discordance - change * change)) ** 2,
  )
}

/** The same for two sets of so many cases that have nothing to do with each other, from a share of `from` downwards and upwards. */
export const smallestUnpairedChange = (
  cases: number,
  from: number,
  sureness: Sureness = {},
): { readonly down: number | undefined; readonly up: number | undefined } => {
  const { zAlpha, zPower } = quantiles(sureness)
  const shows = (to: number): boolean => {
    const mean = (from + to) / 2
    const spread = zAlpha * Math.sqrt(2 * mean * (1 - mean)) + zPower * Math.sqrt(from * (1 - from) + to * (1 - to))
    return cases * (to - from) ** 2 >= spread ** 2
  }
  return { down: smallest(from, (change) => shows(from - change)), up: smallest(1 - from, (change) => shows(from + change)) }
}

/** The same from how far the tasks' differences (paired) or means are spread: `standardError` is that of what is compared. */
export const smallestChangeOf = (standardError: number, sureness: Sureness = {}): number => {
  const { zAlpha, zPower } = quantiles(sureness)
  return (zAlpha + zPower) * standardError
}

const HALVINGS = 60

/** The smallest one up to `most` that shows; larger ones do too. */
const smallest = (most: number, shows: (change: number) => boolean): number | undefined => {
  if (!(most > 0) || !shows(most)) return undefined
  let low = 0
  let high = most
  for (let halving = 0; halving < HALVINGS; halving++) {
    const middle = (low + high) / 2
    if (shows(middle)) high = middle
    else low = middle
  }
  return high
}
