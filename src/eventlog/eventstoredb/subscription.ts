import type { Clock } from '../../clock.ts'
import { isAppError } from '../../errors.ts'
import { checkStreamName } from '../append.ts'
import { aheadOfLog, type SubscribeOptions, type SubscriptionItem } from '../event-log.ts'
import type { Lease } from './connection.ts'
import type { Contact, Waiting } from './contact.ts'
import type { ConnectionPool } from './connection-pool.ts'
import { judgeRead } from './errors.ts'
import { incomingOfAll, type Progress, caughtUp, passed, placeOf, taken } from './filter.ts'
import { type Incoming, incoming } from './incoming.ts'
import { pauses } from './patience.ts'
import type { Reads } from './reads.ts'

// A subscription of the client ends with an error, ends as if all were well, or falls silent for ever. This one does none of it:
//
//   SUBSCRIBE1. However it breaks off, it goes on behind the last event that it gave, and behind what the server has looked at since.
//   SUBSCRIBE2. Silence is no proof: the log is asked whether an event is missing.
//   SUBSCRIBE3. It ends with an error only where the server refuses it for good.
//   SUBSCRIBE4. It says that it has caught up, also where the server does not: before 24.2 it is silent about a stream that is not there.

export interface SubscriptionParts {
  readonly pool: ConnectionPool
  readonly reads: Reads
  readonly clock: Clock
  readonly contact: Contact
  readonly silenceMs: number
  readonly storedAtStepMs: number
}

interface Following extends Progress {
  /** Since it broke off, until something comes. */
  waiting: Waiting | undefined
}

export async function* subscriptionItems(
  parts: SubscriptionParts,
  options: SubscribeOptions,
  ending: Ending,
): AsyncGenerator<SubscriptionItem, void, undefined> {
  if (options.stream !== undefined) checkStreamName(options.stream)
  await ending.orEnd(refuseAhead(parts.reads, options))
  const progress: Following = { handled: options.after, considered: options.after, hasCaughtUp: false, waiting: undefined }
  const between = pauses(parts.clock)
  try {
    while (!ending.reached) {
      for await (const item of session(parts, options, progress, ending)) {
        between.renew()
        progress.waiting?.answered()
        progress.waiting = undefined
        yield item
      }
      if (!ending.reached) await ending.orEnd(between.pause())
    }
  } finally {
    progress.waiting?.end()
  }
}

/** What comes through one subscription of the client, until it breaks off. */
async function* session(
  parts: SubscriptionParts,
  options: SubscribeOptions,
  progress: Following,
  ending: Ending,
): AsyncGenerator<SubscriptionItem, void, undefined> {
  const place = parts.pool.take()
  try {
    const lease = await place.connection.lease()
    const items = open(parts, options, progress, lease)
    const takeBack = ending.onEnd(() => items.stop())
    try {
      yield* received({ ...parts, lease, items, ending }, options, progress)
    } catch (error) {
      lease.failed(error)
      const stream = options.stream ?? 'the log'
      const verdict = judgeRead(error, { stream })
      if (verdict.kind === 'refused') throw verdict.error
      progress.waiting ??= parts.contact.waitFor(`follow ${stream}`)
      await progress.waiting.failed(error)
    } finally {
      takeBack()
      items.stop()
    }
  } finally {
    place.giveBack()
  }
}

interface Session extends SubscriptionParts {
  readonly lease: Lease
  readonly items: Incoming
  readonly ending: Ending
}

async function* received(
  { items, lease, reads, ending, storedAtStepMs }: Session,
  options: SubscribeOptions,
  progress: Progress,
): AsyncGenerator<SubscriptionItem, void, undefined> {
  while (!ending.reached) {
    const item = await items.next()
    if (item.kind === 'end') return
    if (item.kind === 'silence') {
      if (await isMissingAnEvent(reads, options, progress)) {
        lease.silent()
        return
      }
      if (!progress.hasCaughtUp) yield caughtUp(progress)
      continue
    }
    lease.answered()
    if (item.kind === 'caughtUp') yield caughtUp(progress)
    else if (item.kind === 'passed') yield* passed(item.position, progress)
    else yield* taken(item.event, options, progress, storedAtStepMs)
  }
}

const open = (
  { clock, silenceMs }: SubscriptionParts,
  { stream, filter }: SubscribeOptions,
  progress: Progress,
  lease: Lease,
): Incoming => {
  if (stream === undefined) return incomingOfAll({ lease, clock, silenceMs, requiresLeader: false }, { after: placeOf(progress), filter })
  const fromRevision = progress.handled === undefined ? 'start' : BigInt(progress.handled)
  return incoming(lease.client.subscribeToStream(stream, { fromRevision }), lease, clock, silenceMs)
}

/** The server would accept such a checkpoint and skip, in silence, every event up to it. */
export const refuseAhead = async (reads: Reads, { after, stream }: SubscribeOptions): Promise<void> => {
  if (after === undefined) return
  const newest = stream === undefined ? ((await reads.head()) ?? 0) : await newestRevision(reads, stream)
  if (newest !== undefined && after > newest) throw aheadOfLog(after, newest < 0 ? undefined : newest, stream)
}

/** -1 where the stream never was; undefined where it is deleted or truncated, so that nobody can tell. */
const newestRevision = async (reads: Reads, stream: string): Promise<number | undefined> => {
  try {
    const newest = await reads.newestOf(stream)
    return newest === undefined ? undefined : Number(newest.revision)
  } catch (error) {
    if (!isAppError(error, 'StreamNotFound')) throw error
    return (await reads.metadataOf(stream)) === undefined ? -1 : undefined
  }
}

const isMissingAnEvent = async (reads: Reads, { stream, filter }: SubscribeOptions, progress: Progress): Promise<boolean> => {
  try {
    if (stream !== undefined) return Number((await reads.newestOf(stream))?.revision ?? -1) > (progress.handled ?? -1)
    const { head, holdsOne } = await reads.behind(placeOf(progress) ?? -1, filter)
    // So that the next silence does not read the same again.
    if (!holdsOne) progress.considered = head
    return holdsOne
  } catch (error) {
    if (isAppError(error, 'StreamNotFound')) return false
    // Nothing can be read, so nothing can be received either: it is best to begin anew.
    if (isAppError(error, 'EventLogUnavailable')) return true
    throw error
  }
}

/** The end of a subscription, which may come from outside while it waits for something. */
export interface Ending {
  readonly reached: boolean
  end(): void
  /** Returns what takes it back. */
  onEnd(listener: () => void): () => void
  /** Resolves with the promise, or when the end comes first. */
  orEnd(promise: Promise<void>): Promise<void>
  /** Lets go of the signal. */
  release(): void
}

export const ending = (signal: AbortSignal | undefined): Ending => {
  const listeners = new Set<() => void>()
  let reached = signal?.aborted ?? false
  const end = (): void => {
    reached = true
    for (const listener of [...listeners]) listener()
  }
  const onEnd = (listener: () => void): (() => void) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }
  signal?.addEventListener('abort', end)
  return {
    get reached() {
      return reached
    },
    end,
    onEnd,
    orEnd: (promise) =>
      new Promise((resolve, reject) => {
        const takeBack = onEnd(resolve)
        promise.then(resolve, reject).finally(takeBack)
      }),
    release() {
      signal?.removeEventListener('abort', end)
    },
  }
}
