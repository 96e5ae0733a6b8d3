import { AppError, isAppError, messageOf } from '../errors.ts'
import type { EventLog, ExpectedRevision, StoredEvent, SubscribeOptions, SubscriptionItem } from './event-log.ts'

/** A log that this process may have read more of than it holds by now. */
export interface NoticingLog {
  readonly log: EventLog
  /** Aborted, with the error as its reason, once the log is known to have gone back. Every call rejects with that error from then on. */
  readonly wentBack: AbortSignal
  /** What others have found out: the process is told as if it had found it out itself. */
  readonly giveUp: (why: string) => void
}

/**
 * Notices that an older copy of the log was restored under this process: the log ends before what it has acknowledged or given, or a stream
 * is shorter than this process knows it to be. Whatever is remembered of such a log may never have happened.
 */
export const noticingLog = (log: EventLog): NoticingLog => {
  const memory = newMemory()
  const { checkUp } = memory
  /** What the log itself finds out counts as well. */
  const checked = async <Result>(ask: () => Promise<Result>): Promise<Result> => {
    checkUp()
    try {
      return await ask()
    } catch (error) {
      if (isAppError(error, 'LogRestored')) memory.giveUp(messageOf(error))
      checkUp()
      throw error
    }
  }
  const noticing: EventLog = {
    async append(stream, expected, events) {
      checkUp()
      try {
        return memory.note(await log.append(stream, expected, events))
      } catch (error) {
        return checked(() => refusedAppend(log, memory, { stream, expected, error }))
      }
    },
    readStream: (stream, options) => readThrough(memory, () => log.readStream(stream, options)),
    readAll(options) {
      checkUp()
      return log.readAll(options)
    },
    backlog(options) {
      checkUp()
      return log.backlog(options)
    },
    subscribe(options = {}) {
      checkUp()
      return { [Symbol.asyncIterator]: () => follow(log, memory, options) }
    },
    head: () => checked(() => endOf(log, memory)),
    deleteStream: (stream, expected) => checked(() => log.deleteStream(stream, expected)),
    tombstoneStream: (stream, expected) => checked(() => log.tombstoneStream(stream, expected)),
    truncateStream: (stream, before) => checked(() => log.truncateStream(stream, before)),
    getMetadata: (stream) => checked(() => log.getMetadata(stream)),
    setMetadata: (stream, metadata) => checked(() => log.setMetadata(stream, metadata)),
    close: () => log.close(),
  }
  return { log: noticing, wentBack: memory.wentBack, giveUp: memory.giveUp }
}

export const logRestored = (why: string): AppError =>
  new AppError('LogRestored', `The log went back (${why}): an older copy was restored under this process, which has to be started again`)

interface Memory {
  readonly wentBack: AbortSignal
  /** Position of the newest event that was acknowledged or given. */
  readonly newest: () => number
  readonly note: <Placed extends { readonly position: number }>(placed: Placed) => Placed
  readonly giveUp: (why: string) => void
  /** Throws once the log went back. */
  readonly checkUp: () => void
}

const newMemory = (): Memory => {
  const end = new AbortController()
  let newest = 0
  return {
    wentBack: end.signal,
    newest: () => newest,
    note(placed) {
      newest = Math.max(newest, placed.position)
      return placed
    },
    giveUp(why) {
      if (!end.signal.aborted) end.abort(logRestored(why))
    },
    checkUp() {
      if (end.signal.aborted) throw end.signal.reason as AppError
    },
  }
}

const endOf = async (log: EventLog, { newest, note, giveUp, checkUp }: Memory): Promise<number | undefined> => {
  // What comes meanwhile may not be in what is answered.
  const known = newest()
  const head = await log.head()
  if ((head ?? 0) < known) giveUp(`it has held position ${known}, and now ends at ${head ?? 'nothing'}`)
  else note({ position: head ?? 0 })
  checkUp()
  return head
}

interface RefusedAppend {
  readonly stream: string
  readonly expected: ExpectedRevision
  readonly error: unknown
}

/** Throws the error, once it is known whether it is one of a log that went back. */
const refusedAppend = async (log: EventLog, memory: Memory, { stream, expected, error }: RefusedAppend): Promise<never> => {
  const actual = isAppError(error, 'EventLogConflict') && typeof expected === 'number' ? error.details.actual : undefined
  // Revisions of a stream only grow, also through its deletion.
  if (typeof actual === 'number' && actual < Number(expected))
    memory.giveUp(`${stream} has held revision ${expected}, and now ends at ${actual}`)
  else if (actual === 'no-stream') await endOf(log, memory)
  throw error
}

async function* readThrough({ note, checkUp }: Memory, read: () => AsyncIterable<StoredEvent>): AsyncGenerator<StoredEvent> {
  checkUp()
  for await (const event of read()) yield note(event)
  checkUp()
}

/** No generator: one that waits for its next item could not be ended. */
const follow = (
  log: EventLog,
  { wentBack, note, checkUp }: Memory,
  { signal, ...options }: SubscribeOptions,
): AsyncIterator<SubscriptionItem> => {
  const either = signal === undefined ? wentBack : AbortSignal.any([signal, wentBack])
  const items = log.subscribe({ ...options, signal: either })[Symbol.asyncIterator]()
  return {
    async next() {
      const next = await items.next()
      if (signal?.aborted !== true) checkUp()
      if (next.done !== true && next.value.kind === 'event') note(next.value.event)
      return next
    },
    async return() {
      await items.return?.()
      return { done: true, value: undefined }
    },
  }
}
