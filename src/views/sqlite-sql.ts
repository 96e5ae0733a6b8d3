import { fork } from 'node:child_process'
import { once } from 'node:events'
import { extname, join } from 'node:path'
import { AppError, messageOf } from '../errors.ts'
import { nobodyWaits, queryTooLong, type SqlQuery, type SqlResult } from './sql-query.ts'
import { boundedQueries } from './sql-slots.ts'
import type { SqlOutcome, SqlSource } from './sqlite-sql-statement.ts'
import { viewsClosed } from './view-decision.ts'

/** Answers queries in processes that are killed where one takes too long. They are started when somebody asks, and end when nobody does. */
export interface SqliteSql {
  /** Rejects with `InvalidInput`, `QueryTooLong`, `TooManyQueries`, `TooLarge`, `StoreUnavailable` and `Closed`. */
  ask(query: SqlQuery): Promise<SqlResult>
  close(): void
}

const IDLE_MS = 60_000
const START_MS = 20_000

export const sqliteSql = (sourceOf: () => SqlSource): SqliteSql => {
  const processes = new Set<SqlProcess>()
  const idle: SqlProcess[] = []
  let closed = false

  const start = (): SqlProcess => {
    const started = startProcess(() => {
      processes.delete(started)
      if (idle.includes(started)) idle.splice(idle.indexOf(started), 1)
    })
    processes.add(started)
    return started
  }
  const answer = async (query: SqlQuery): Promise<SqlResult> => {
    if (closed) throw viewsClosed()
    const source = sourceOf()
    const taken = idle.pop() ?? start()
    const outcome = await taken.answer(source, query).catch((error: unknown) => {
      throw closed ? viewsClosed() : error
    })
    if (processes.has(taken)) {
      idle.push(taken)
      taken.restUntil(IDLE_MS)
    }
    if ('refused' in outcome) throw refusal(outcome)
    return outcome
  }
  return {
    ask: boundedQueries(answer),
    close() {
      closed = true
      for (const each of processes) each.kill()
    },
  }
}

const refusal = ({ refused, message }: Extract<SqlOutcome, { refused: string }>): AppError =>
  new AppError(refused, message, { retryable: refused === 'StoreUnavailable' })

interface SqlProcess {
  /** One at a time. Rejects where it is killed for that, and where it ends by itself: then it is of no use any more. */
  answer(source: SqlSource, query: SqlQuery): Promise<SqlOutcome>
  /** Ends where nobody asks for so long. */
  restUntil(ms: number): void
  kill(): void
}

const PROGRAM = join(import.meta.dirname, `sqlite-sql-process${extname(import.meta.filename)}`)

/** Of the process beside what SQLite takes: the rows of one answer, several times. */
const HEAP_MIB = 128

const startProcess = (gone: () => void): SqlProcess => {
  const child = fork(PROGRAM, {
    // Neither secrets nor options of this process; local time is UTC everywhere.
    env: { TZ: 'UTC' },
    execArgv: [`--max-old-space-size=${HEAP_MIB}`, '--no-warnings'],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const ended = Promise.withResolvers<never>()
  ended.promise.catch(() => undefined)
  const end = (why: AppError): void => {
    ended.reject(why)
    gone()
    child.kill('SIGKILL')
  }
  // A timer says how long it is waited for.
  child.unref()
  child.channel?.unref()
  const next = async <Message>(ms: number, tooLate: AppError): Promise<Message> => {
    const deadline = setTimeout(end, ms, tooLate)
    const message = once(child, 'message') as Promise<Message[]>
    try {
      return (await Promise.race([message, ended.promise]))[0] as Message
    } finally {
      clearTimeout(deadline)
    }
  }
  child.on('error', (error) => end(cannotRun(messageOf(error))))
  let isReady = false
  child.on('exit', (code, signal) => {
    const how = signal ?? `exit code ${code}`
    end(
      isReady
        ? new AppError('TooLarge', `Expected a query that needs less memory, found one that has ended its process (${how})`)
        : cannotRun(how),
    )
  })
  const ready = next(START_MS, cannotRun(`it has not begun within ${START_MS} ms`)).then(() => {
    isReady = true
  })
  ready.catch(() => undefined)
  let rest: NodeJS.Timeout | undefined
  return {
    async answer(source, { signal, ...query }) {
      clearTimeout(rest)
      const giveUp = (): void => end(nobodyWaits())
      signal?.addEventListener('abort', giveUp)
      try {
        await Promise.race([ready, ended.promise])
        child.send({ source, query })
        return await next(query.timeoutMs, queryTooLong(query.timeoutMs))
      } finally {
        signal?.removeEventListener('abort', giveUp)
      }
    },
    restUntil(ms) {
      rest = setTimeout(end, ms, viewsClosed())
      rest.unref()
    },
    kill: () => end(viewsClosed()),
  }
}

const cannotRun = (why: string): AppError =>
  new AppError('StoreUnavailable', `The process for queries in SQL cannot be started: ${why}`, { retryable: true })
