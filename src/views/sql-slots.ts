import type { AppError } from '../errors.ts'
import { nobodyWaits, sqlLimits, tooManyQueries, type SqlQuery, type SqlResult } from './sql-query.ts'

type Ask = (query: SqlQuery) => Promise<SqlResult>

interface Waiting {
  readonly tenant: string | undefined
  readonly begin: () => void
}

/** Of one tenant, and of all: more than a page with a few figures needs. */
const LONGEST_QUEUE = { ofOne: 10, ofAll: 100 }

/**
 * So many queries at one time, one of each tenant, so that no tenant keeps all others waiting. One that finds no place within its own time
 * rejects with `TooManyQueries`.
 */
export const boundedQueries = (ask: Ask): Ask => {
  const running: (string | undefined)[] = []
  const queue: Waiting[] = []

  const mayRun = (tenant: string | undefined): boolean =>
    running.length < sqlLimits.queries && (tenant === undefined || !running.includes(tenant))

  const place = ({ tenant, timeoutMs, signal }: SqlQuery): Promise<void> =>
    new Promise((resolve, reject) => {
      const leave = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', giveUp)
      }
      const refuse = (why: AppError): void => {
        leave()
        queue.splice(queue.indexOf(waiting), 1)
        reject(why)
      }
      const waiting: Waiting = {
        tenant,
        begin: () => {
          leave()
          resolve()
        },
      }
      const giveUp = (): void => refuse(nobodyWaits())
      const timer = setTimeout(() => refuse(tooManyQueries()), timeoutMs)
      signal?.addEventListener('abort', giveUp)
      queue.push(waiting)
    })

  const isFull = (tenant: string | undefined): boolean =>
    queue.length >= LONGEST_QUEUE.ofAll || queue.filter((waiting) => waiting.tenant === tenant).length >= LONGEST_QUEUE.ofOne

  const next = (): void => {
    const at = queue.findIndex(({ tenant }) => mayRun(tenant))
    const [waiting] = at < 0 ? [] : queue.splice(at, 1)
    if (waiting === undefined) return
    running.push(waiting.tenant)
    waiting.begin()
  }

  return async (query) => {
    if (query.signal?.aborted === true) throw nobodyWaits()
    if (isFull(query.tenant)) throw tooManyQueries()
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
