import type { Clock } from '../../clock.ts'
import type { EventFilter } from '../event-log.ts'
import type { RecordedEvent, ServerFilter } from './client.ts'
import type { Lease } from './connection.ts'
import { toPosition } from './events.ts'
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
