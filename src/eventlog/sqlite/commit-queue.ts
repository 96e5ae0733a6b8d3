import type { Clock } from '../../clock.ts'
import { AppError } from '../../errors.ts'
import { logClosed } from '../event-log.ts'

/** What one transaction made of each of its writes. */
export type Outcome = { readonly value: unknown } | { readonly error: unknown }

export interface Write {
  readonly bytes: number
}

/** Commits a group in one transaction, or answers `busy` at once, with nothing done, where another process holds the lock. */
export type CommitGroup<W extends Write> = (writes: readonly W[]) => readonly Outcome[] | 'busy'

export interface CommitQueue<W extends Write> {
  /** Resolves with what the write returned, once it is durable. */
  add(write: W): Promise<unknown>
  /** Commits what is queued, then refuses everything. */
  close(): Promise<void>
}

interface Answer {
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
const LONE_WRITER_MS = 2

/**
 * Group commit. A commit holds the thread, so whatever asks for a write in one turn of the event loop, in it or during the
 * commit before, is committed together: nobody waits for company, and a hundred writers share one flush of the disk.
 * A writer that was alone does not wait for the end of the turn, which would cost it a tenth of its speed.
 */
export const commitQueue = <W extends Write>(commit: CommitGroup<W>, clock: Clock): CommitQueue<W> => {
  let writes: W[] = []
  let answers: Answer[] = []
  let isScheduled = false
  let isClosed = false
  let drained: (() => void) | undefined
  const pace = commitPace(clock)

  const schedule = (): void => {
    if (isScheduled) return
    isScheduled = true
    pace.whenDue(flush)
  }

  const flush = (): void => {
    isScheduled = false
    const size = groupSize(writes)
    const outcomes = pace.note(size, commit(size === writes.length ? writes : writes.slice(0, size)))
    if (outcomes !== 'busy') answerWriters(outcomes)
    if (writes.length > 0) schedule()
    else drained?.()
  }

  const answerWriters = (outcomes: readonly Outcome[]): void => {
    const answered = answers
    writes = writes.slice(outcomes.length)
    answers = answers.slice(outcomes.length)
    outcomes.forEach((outcome, i) => {
      if ('value' in outcome) answered[i]?.resolve(outcome.value)
      else answered[i]?.reject(outcome.error)
    })
  }

  return {
    add: (write) =>
      new Promise((resolve, reject) => {
        if (isClosed) throw logClosed()
        writes.push(write)
        answers.push({ resolve, reject })
        schedule()
      }),
    close() {
      isClosed = true
      return new Promise((resolve) => {
        if (writes.length === 0) resolve()
        else drained = resolve
      })
    },
  }
}

interface CommitPace {
  whenDue(flush: () => void): void
  /** Takes in what came of a commit. Gives up a lock that was waited for too long. */
  note(size: number, outcomes: readonly Outcome[] | 'busy'): readonly Outcome[] | 'busy'
}

const commitPace = (clock: Clock): CommitPace => {
  let wasAlone = false
  let turnBegan = 0
  let busyTries = 0
  let busySince = 0

  const inTurn = (flush: () => void) => (): void => {
    turnBegan = performance.now()
    flush()
  }
  return {
    whenDue(flush) {
      if (busyTries > EAGER_TRIES) clock.setTimer(BUSY_PAUSE_MS, inTurn(flush))
      else if (busyTries === 0 && wasAlone && performance.now() - turnBegan < LONE_WRITER_MS) queueMicrotask(flush)
      else setImmediate(inTurn(flush))
    },
    note(size, outcomes) {
      wasAlone = size === 1
      if (outcomes !== 'busy') {
        busyTries = 0
        return outcomes
      }
      busyTries += 1
      if (busyTries === 1) busySince = clock.now()
      if (clock.now() - busySince < BUSY_PATIENCE_MS) return 'busy'
      busyTries = 0
      return Array<Outcome>(size).fill({ error: heldTooLong() })
    },
  }
}

const heldTooLong = (): AppError =>
  new AppError('EventLogUnavailable', `another process held the event log for ${BUSY_PATIENCE_MS} ms; nothing was stored`, {
    retryable: true,
  })

const groupSize = (writes: readonly Write[]): number => {
  let bytes = 0
  let size = 0
  for (const write of writes) {
    bytes += write.bytes
    if (size > 0 && (size >= MOST_WRITES || bytes > MOST_BYTES)) return size
    size += 1
  }
  return size
}
