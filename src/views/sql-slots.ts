import { sqlLimits, tooManyQueries, type SqlQuery, type SqlResult } from './sql-query.ts'

type Ask = (query: SqlQuery) => Promise<SqlResult>

interface Waiting {
  readonly tenant: string | undefined
  readonly begin: () => void
}

/** Longer than a page with a few figures needs. */
const LONGEST_QUEUE = 20

/**
 * So many queries at one time, one of each tenant, so that no tenant keeps all others waiting. One that finds no place within its own time
 * rejects with `TooManyQueries`.
 */
export const boundedQueries = (ask: Ask): Ask => {
  const running: (string | undefined)[] = []
  const queue: Waiting[] = []

  const mayRun = (tenant: string | undefined): boolean =>
    running.length < sqlLimits.queries && (tenant === undefined || !running.includes(tenant))

  const place = ({ tenant, timeoutMs }: SqlQuery): Promise<void> =>
    new Promise((resolve, reject) => {
      const waiting: Waiting = {
        tenant,
        begin: () => {
          clearTimeout(timer)
          resolve()
        },
      }
      const timer = setTimeout(() => {
        queue.splice(queue.indexOf(waiting), 1)
        reject(tooManyQueries())
      }, timeoutMs)
      queue.push(waiting)
    })

  const next = (): void => {
    const at = queue.findIndex(({ tenant }) => mayRun(tenant))
    const [waiting] = at < 0 ? [] : queue.splice(at, 1)
    if (waiting === undefined) return
    running.push(waiting.tenant)
    waiting.begin()
  }

  return async (query) => {
    if (queue.length >= LONGEST_QUEUE) throw tooManyQueries()
    const placed = place(query)
    next()
    await placed
    try {
      return await ask(query)
    } finally {
      running.splice(running.indexOf(query.tenant), 1)
      next()
    }
  }
}
