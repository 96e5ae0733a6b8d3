import type { Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import { logClosed } from './event-log-errors.ts'

/** What one transaction made of each of its writes. */
export type Outcome = { readonly value: unknown } | { readonly error: unknown }

/** Commits a group in one transaction, or answers `busy` at once, with nothing done, where another process holds the lock. */
export type CommitGroup<Write> = (writes: readonly Write[]) => readonly Outcome[] | 'busy'

export interface CommitQueue<Write> {
  /** Resolves with what the write returned, once it is durable. */
  add(write: Write, bytes: number): Promise<unknown>
  /** Commits what is queued, then refuses everything. */
  close(): Promise<void>
}

interface Queued<Write> {
  readonly write: Write
  readonly bytes: number
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

const MOST_WRITES = 512
const MOST_BYTES = 4 * 1024 * 1024

/** Tries in a row that only let other work of this process pass; then it waits a millisecond between two. */
const EAGER_TRIES = 50
const BUSY_PAUSE_MS = 1
const BUSY_PATIENCE_MS = 10_000

/** So long a lone writer may go on before everything else in this process gets a turn. */
const LONE_WRITER_MS = 1

/**
 * Group commit. A commit holds the thread, so whatever asks for a write in one turn of the event loop, in it or during the
 * commit before, is committed together: nobody waits for company, and a hundred writers share one flush of the disk.
 * A writer that was alone does not wait for the end of the turn, which would cost it a tenth of its speed.
 */
export const commitQueue = <Write>(commit: CommitGroup<Write>, clock: Clock): CommitQueue<Write> => {
  let queue: Queued<Write>[] = []
  let isScheduled = false
  let isClosed = false
  let wasAlone = false
  let turnBegan = 0
  let busyTries = 0
  let busySince = 0
  let drained: (() => void) | undefined

  const schedule = (): void => {
    if (isScheduled) return
    isScheduled = true
    if (busyTries > EAGER_TRIES) clock.setTimer(BUSY_PAUSE_MS, flushInTurn)
    else if (busyTries === 0 && wasAlone && performance.now() - turnBegan < LONE_WRITER_MS) queueMicrotask(flush)
    else setImmediate(flushInTurn)
  }

  const flushInTurn = (): void => {
    turnBegan = performance.now()
    flush()
  }

  const flush = (): void => {
    isScheduled = false
    const group = queue.slice(0, groupSize(queue))
    wasAlone = group.length === 1
    const outcomes = commit(group.map(({ write }) => write))
    if (outcomes === 'busy') waitForLock(group)
    else settle(group, outcomes)
    if (queue.length > 0) schedule()
    else drained?.()
  }

  const settle = (group: readonly Queued<Write>[], outcomes: readonly Outcome[]): void => {
    busyTries = 0
    queue = queue.slice(group.length)
    group.forEach(({ resolve, reject }, i) => {
      const outcome = outcomes[i]
      if (outcome !== undefined && 'value' in outcome) resolve(outcome.value)
      else reject(outcome?.error)
    })
  }

  const waitForLock = (group: readonly Queued<Write>[]): void => {
    busyTries += 1
    if (busyTries === 1) busySince = clock.now()
    if (clock.now() - busySince < BUSY_PATIENCE_MS) return
    const error = new AppError('EventLogUnavailable', `another process held the event log for ${BUSY_PATIENCE_MS} ms; nothing was stored`, {
      retryable: true,
    })
    settle(
      group,
      group.map(() => ({ error })),
    )
  }

  return {
    add: (write, bytes) =>
      new Promise((resolve, reject) => {
        if (isClosed) throw logClosed()
        queue.push({ write, bytes, resolve, reject })
        schedule()
      }),
    close() {
      isClosed = true
      return new Promise((resolve) => {
        if (queue.length === 0) resolve()
        else drained = resolve
      })
    },
  }
}

const groupSize = (queue: readonly { readonly bytes: number }[]): number => {
  let bytes = 0
  const tooMany = queue.findIndex((queued, i) => {
    bytes += queued.bytes
    return i > 0 && (i >= MOST_WRITES || bytes > MOST_BYTES)
  })
  return tooMany < 0 ? queue.length : tooMany
}
