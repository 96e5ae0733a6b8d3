import type { Clock } from '../clock.ts'
import { isAppError } from '../errors.ts'
import { present } from '../present.ts'
import { checkStreamName } from './append-request.ts'
import { aheadOfLog } from './event-log-errors.ts'
import type { EventFilter, SubscribeOptions, SubscriptionItem } from './event-log.ts'
import type { ClientSubscription, DatabaseClient, ResolvedEvent, ServerFilter } from './eventstoredb-client.ts'
import type { Lease } from './eventstoredb-connection.ts'
import type { ConnectionPool } from './eventstoredb-connection-pool.ts'
import type { Ending } from './eventstoredb-ending.ts'
import { judgeRead } from './eventstoredb-errors.ts'
import { positionNumber, recordedIn, toPosition, toStored } from './eventstoredb-events.ts'
import type { Incoming } from './eventstoredb-incoming.ts'
import { incoming } from './eventstoredb-incoming.ts'
import { pauses } from './eventstoredb-patience.ts'
import type { Reads } from './eventstoredb-reads.ts'
import { fits } from './eventstoredb-reads.ts'

// A subscription of the client ends with an error, ends as if all were well, or falls silent for ever. This one does none of it:
//
//   S1. However it breaks off, it goes on behind the last event that it gave.
//   S2. Silence is no proof: the log is asked whether an event is missing.
//   S3. It ends with an error only where the server refuses it for good.
//   S4. It says that it has caught up, also where the server does not: before 24.2 it is silent about a stream that is not there.

export interface SubscriptionParts {
  readonly pool: ConnectionPool
  readonly reads: Reads
  readonly clock: Clock
  readonly silenceMs: number
  readonly storedAtStepMs: number
}

/** Marks are revisions where a stream is given, else positions. */
interface Progress {
  /** Of the last event that was received. */
  handled: number | undefined
  /** So far the server has looked, without finding anything further that passes the filter. */
  considered: number | undefined
  hasCaughtUp: boolean
}

export async function* subscriptionItems(
  parts: SubscriptionParts,
  options: SubscribeOptions,
  ending: Ending,
): AsyncGenerator<SubscriptionItem, void, undefined> {
  if (options.stream !== undefined) checkStreamName(options.stream)
  await ending.orEnd(refuseAhead(parts.reads, options))
  const progress: Progress = { handled: options.after, considered: options.after, hasCaughtUp: false }
  const between = pauses(parts.clock)
  while (!ending.reached) {
    for await (const item of session(parts, options, progress, ending)) {
      between.renew()
      yield item
    }
    if (!ending.reached) await ending.orEnd(between.pause())
  }
}

/** What comes through one subscription of the client, until it breaks off. */
async function* session(
  parts: SubscriptionParts,
  options: SubscribeOptions,
  progress: Progress,
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
      const verdict = judgeRead(error, { stream: options.stream ?? 'the log' })
      if (verdict.kind === 'refused') throw verdict.error
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
    else if (item.kind === 'passed') yield* passed(item.position, options, progress)
    else yield* taken(item.event, options, progress, storedAtStepMs)
  }
}

const caughtUp = (progress: Progress): SubscriptionItem => {
  progress.hasCaughtUp = true
  return { kind: 'caughtUp' }
}

function* passed(position: number, { stream }: SubscribeOptions, progress: Progress): Generator<SubscriptionItem, void, undefined> {
  if (stream !== undefined || position <= (progress.considered ?? -1)) return
  progress.considered = position
  yield { kind: 'passed', position }
}

/** Nothing where it was received before or does not pass the filter. */
function* taken(
  resolved: ResolvedEvent,
  { stream, filter }: SubscribeOptions,
  progress: Progress,
  storedAtStepMs: number,
): Generator<SubscriptionItem, void, undefined> {
  const recorded = recordedIn(resolved)
  if (recorded === undefined) return
  const mark = stream === undefined ? positionNumber(recorded.position, recorded.streamId) : Number(recorded.revision)
  if (mark <= (progress.handled ?? -1)) return
  progress.handled = mark
  progress.considered = Math.max(mark, progress.considered ?? 0)
  if (fits(filter, recorded)) yield { kind: 'event', event: toStored(recorded, storedAtStepMs) }
}

const open = ({ clock, silenceMs }: SubscriptionParts, options: SubscribeOptions, progress: Progress, lease: Lease): Incoming => {
  const items: Incoming = incoming(
    start(lease.client, options, progress.handled, (position) => items.passed(position)),
    lease,
    clock,
    silenceMs,
  )
  return items
}

type OnCheckpoint = (position: number) => void

const start = (
  client: DatabaseClient,
  { stream, filter }: SubscribeOptions,
  after: number | undefined,
  onCheckpoint: OnCheckpoint,
): ClientSubscription =>
  stream === undefined
    ? client.subscribeToAll({ fromPosition: after === undefined ? 'start' : toPosition(after), filter: serverFilter(filter, onCheckpoint) })
    : client.subscribeToStream(stream, { fromRevision: after === undefined ? 'start' : BigInt(after) })

/** The server filters by one thing only; the rest is done here. A filter there always is, for the checkpoints that come with it. */
const serverFilter = (filter: EventFilter | undefined, onCheckpoint: OnCheckpoint): ServerFilter => {
  const { streamPrefix = '', typePrefix = '' } = filter ?? {}
  const checkpoints: Pick<ServerFilter, 'checkpointInterval' | 'checkpointReached'> = {
    checkpointInterval: 1,
    // Must not throw: the client would lose its footing.
    checkpointReached: (_subscription, { commit }) => onCheckpoint(Number(commit)),
  }
  if (streamPrefix !== '') return { filterOn: 'streamName', prefixes: [streamPrefix], ...checkpoints }
  if (typePrefix !== '') return { filterOn: 'eventType', prefixes: [typePrefix], ...checkpoints }
  return { filterOn: 'eventType', regex: '^[^$].*', ...checkpoints }
}

/** The server would accept such a checkpoint and skip, in silence, every event up to it. */
const refuseAhead = async (reads: Reads, { after, stream }: SubscribeOptions): Promise<void> => {
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

const isMissingAnEvent = async (
  reads: Reads,
  { stream, filter }: SubscribeOptions,
  { handled = -1, considered }: Progress,
): Promise<boolean> => {
  try {
    if (stream !== undefined) return Number((await reads.newestOf(stream))?.revision ?? -1) > handled
    return await holdsMore(reads, filter, considered, handled)
  } catch (error) {
    if (isAppError(error, 'StreamNotFound')) return false
    // Nothing can be read, so nothing can be received either: it is best to begin anew.
    if (isAppError(error, 'EventLogUnavailable')) return true
    throw error
  }
}

/** `considered` need not be the position of an event, and from nothing else can be read. */
const holdsMore = async (
  reads: Reads,
  filter: EventFilter | undefined,
  considered: number | undefined,
  handled: number,
): Promise<boolean> => {
  const hasMoreFrom = async (from: number | undefined): Promise<boolean> => {
    for await (const { position } of reads.all(present({ from, filter }))) if (position > handled) return true
    return false
  }
  try {
    return await hasMoreFrom(considered)
  } catch (error) {
    if (!isAppError(error, 'InvalidInput')) throw error
    return hasMoreFrom(handled < 0 ? undefined : handled)
  }
}
