import type { OpenRefold } from '../../open-refold.ts'

/** The money of one what-if, over all of its forks and all processes that have gone on with it. */
export interface Purse {
  readonly spent: () => number
  /** Millionths of a US dollar that one of those at work may spend; nobody else has them until it is over. */
  readonly hold: () => { readonly most: number; readonly end: () => void }
  readonly isEmpty: () => boolean
  pay(microUsd: number): void
}

export interface PurseOptions {
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
      const share = Math.floor(left() / Math.max(1, spenders - atWork))
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

/** Behind the prefix. */
export const FORK_HASH = 20

/** What forks whose ids begin so have cost, as far as the views know. */
export const spentByForks = async ({ views }: Pick<OpenRefold, 'views'>, prefix: string, signal: AbortSignal): Promise<number> => {
  const { rows } = await views.sql({
    sql: `select coalesce(sum(cost_micro_usd), 0) from refold_runs where fork_of is not null and substr(run_id, 1, ${prefix.length}) = $1 and length(run_id) = ${prefix.length + FORK_HASH}`,
    tenant: undefined,
    parameters: [prefix],
    limit: 1,
    timeoutMs: 5_000,
    signal,
  })
  return Number(rows[0]?.[0] ?? 0)
}
