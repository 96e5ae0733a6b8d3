import { AppError } from '../../errors.ts'
import type { Purse } from '../purse.ts'

/** Within which part of the money something is done, in millionths of a US dollar; undefined is no limit. */
type Most = number | undefined

/**
 * Does what costs money, with a part of it that nobody else has meanwhile. `paid` says what was paid for it so far, before and after. Undefined where
 * no money is left: then nothing was done.
 */
export type Spend = <Result>(work: (most: Most) => Promise<Result>, paid: () => Promise<number>) => Promise<Result | undefined>

/** Rejects with `Closed` once the signal is aborted, and as the work does. */
export const spendFrom =
  (purse: Purse, signal: AbortSignal): Spend =>
  async (work, paid) => {
    const share = await purse.hold()
    if (share === undefined) return undefined
    try {
      if (signal.aborted) throw new AppError('Closed', 'the eval was given up')
      const before = await paid()
      const result = await work(Number.isFinite(share.most) ? share.most : undefined)
      purse.pay((await paid()) - before)
      return result
    } finally {
      share.end()
    }
  }
