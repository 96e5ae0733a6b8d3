/**
 * The money of one eval or what-if, over all of its runs and all processes that have gone on with it. Those at work have shares of what was left, so that
 * all of them together stay within it, but for the call of a model that each of them may have begun before.
 */
export interface Purse {
  readonly spent: () => number
  /** Millionths of a US dollar that one of those at work may spend; nobody else has them until it is over. */
  readonly hold: () => { readonly most: number; readonly end: () => void }
  readonly isEmpty: () => boolean
  pay(microUsd: number): void
}

export interface PurseOptions {
  /** Infinity is no limit. */
  readonly most: number
  /** By processes before. */
  readonly spent: number
  /** How many spend at one time. */
  readonly spenders: number
}

export const createPurse = ({ most, spent: before, spenders }: PurseOptions): Purse => {
  let spent = before
  let held = 0
  let atWork = 0
  const left = (): number => Math.max(0, most - spent - held)
  return {
    spent: () => spent,
    hold() {
      if (most === Infinity) return { most, end: () => undefined }
      const share = Math.min(left(), Math.max(1, Math.floor(left() / Math.max(1, spenders - atWork))))
      held += share
      atWork += 1
      return {
        most: share,
        end: () => {
          held -= share
          atWork -= 1
        },
      }
    },
    isEmpty: () => left() <= 0,
    pay(microUsd) {
      spent += microUsd
    },
  }
}
