/**
 * The money of one eval or what-if, over all of its runs and all processes that have gone on with it. Those at work have shares of what was left, so that
 * all of them together stay within it, but for the call of a model that each of them may have begun before.
 */
export interface Purse {
  readonly spent: () => number
  /** A part of what is left, for one of those at work. Waits while others hold all of it; undefined once all is spent. */
  readonly hold: () => Promise<Share | undefined>
  /** Whether all is spent. */
  readonly isEmpty: () => boolean
  pay(microUsd: number): void
}

export interface Share {
  /** Millionths of a US dollar; nobody else has them until it ends. */
  readonly most: number
  /** Once what was spent of it is paid: the rest is anybody's again. */
  readonly end: () => void
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
  const waiting: (() => void)[] = []
  const left = (): number => Math.max(0, most - spent - held)
  const take = (): Share => {
    const share = Math.min(left(), Math.max(1, Math.floor(left() / Math.max(1, spenders - atWork))))
    held += share
    atWork += 1
    return {
      most: share,
      end: () => {
        held -= share
        atWork -= 1
        for (const lookAgain of waiting.splice(0)) lookAgain()
      },
    }
  }
  return {
    spent: () => spent,
    async hold() {
      if (most === Infinity) return { most, end: () => undefined }
      while (left() <= 0 && atWork > 0) await new Promise<void>((resolve) => waiting.push(resolve))
      return left() <= 0 ? undefined : take()
    },
    isEmpty: () => spent >= most,
    pay(microUsd) {
      spent += microUsd
    },
  }
}
