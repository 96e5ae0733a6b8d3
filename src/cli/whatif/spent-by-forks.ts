import type { OpenRefold } from '../../open-refold.ts'

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
