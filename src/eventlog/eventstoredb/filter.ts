import type { Clock } from '../../clock.ts'
import type { EventFilter, SubscribeOptions, SubscriptionItem } from '../event-log.ts'
import type { RecordedEvent, ServerFilter, ResolvedEvent } from './client.ts'
import type { Lease } from './connection.ts'
import { toPosition, positionNumber, recordedIn, toStored } from './events.ts'
import { incoming, type Incoming } from './incoming.ts'

export const fits = (filter: EventFilter | undefined, { streamId, type }: RecordedEvent): boolean =>
  streamId.startsWith(filter?.streamPrefix ?? '') && type.startsWith(filter?.typePrefix ?? '')

interface Conversation {
  readonly lease: Lease
  readonly clock: Clock
  readonly silenceMs: number
  readonly requiresLeader: boolean
}

interface Wanted {
  readonly after: number | undefined
  readonly filter: EventFilter | undefined
}

/** Subscribes to the whole log; `passed` comes from the checkpoints of the server's filter. */
export const incomingOfAll = ({ lease, clock, silenceMs, requiresLeader }: Conversation, { after, filter }: Wanted): Incoming => {
  const subscription = lease.client.subscribeToAll({
    fromPosition: after === undefined ? 'start' : toPosition(after),
    filter: serverFilter(filter, (position) => items.passed(position)),
    requiresLeader,
  })
  const items: Incoming = incoming(subscription, lease, clock, silenceMs)
  return items
}

/** A long way past what does not fit is a checkpoint every so many events. */
const SEARCH_WINDOW = 500

/** The server filters by one thing only; the rest is done here. A filter there always is, for the checkpoints that come with it. */
const serverFilter = (filter: EventFilter | undefined, onCheckpoint: (position: number) => void): ServerFilter => {
  const { streamPrefix = '', typePrefix = '' } = filter ?? {}
  const checkpoints: Pick<ServerFilter, 'maxSearchWindow' | 'checkpointInterval' | 'checkpointReached'> = {
    maxSearchWindow: SEARCH_WINDOW,
    checkpointInterval: 1,
    // Must not throw: the client would lose its footing.
    checkpointReached: (_subscription, { commit }) => onCheckpoint(Number(commit)),
  }
  if (streamPrefix !== '') return { filterOn: 'streamName', prefixes: [streamPrefix], ...checkpoints }
  if (typePrefix !== '') return { filterOn: 'eventType', prefixes: [typePrefix], ...checkpoints }
  return { filterOn: 'eventType', regex: '^[^$].*', ...checkpoints }
}

/** Marks are revisions where a stream is given, else positions. */
export interface Progress {
  /** Of the last event that was received. */
  handled: number | undefined
  /** So far the server has looked, without finding anything further that passes the filter. */
  considered: number | undefined
  hasCaughtUp: boolean
}

/** What comes next begins behind it. */
export const placeOf = ({ handled, considered }: Progress): number | undefined => {
  const place = Math.max(handled ?? -1, considered ?? -1)
  return place < 0 ? undefined : place
}

export const caughtUp = (progress: Progress): SubscriptionItem => {
  progress.hasCaughtUp = true
  return { kind: 'caughtUp' }
}

/** The server has looked so far, which is said of the whole log only. */
export function* passed(position: number, progress: Progress): Generator<SubscriptionItem, void, undefined> {
  if (position <= (progress.considered ?? -1)) return
  progress.considered = position
  yield { kind: 'passed', position }
}

/** Nothing where it was received before or does not pass the filter. */
export function* taken(
  resolved: ResolvedEvent,
  { stream, filter }: Pick<SubscribeOptions, 'stream' | 'filter'>,
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
