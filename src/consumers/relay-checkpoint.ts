import { beginning } from '../text.ts'
import type { Bus, BusMessage } from '../bus/bus.ts'
import { AppError, isAppError } from '../errors.ts'
import type { EventLog } from '../eventlog/event-log.ts'
import { identify, isNamed, restoresSince, wasNamed, type LogIdentity } from './log-identity.ts'
import { isBeyond, recordRestore } from './restored-log.ts'
import type { Topics } from './topics.ts'

/** How far a relay is. It is kept on the bus itself: whoever loses the bus loses it too, and relays everything again. */
export interface RelayCheckpoint {
  /** Tells one log from another. */
  readonly log: string
  /** Of the newest event that the bus has acknowledged, with all before it; 0 where there was none yet. */
  readonly position: number
  /** Its id: it tells the log too. */
  readonly event?: string
  /** Up to here there is nothing further to carry. Good to subscribe from; it need not be the position of an event. */
  readonly passed?: number
}

export interface CheckpointPlace {
  readonly log: EventLog
  readonly bus: Bus
  readonly topics: Topics
  readonly streamPrefix: string
}

export const checkpointMessage = (streamPrefix: string, checkpoint: RelayCheckpoint): BusMessage => ({
  key: streamPrefix,
  value: JSON.stringify(checkpoint),
  headers: {},
})

/**
 * Where an older copy of the log was restored, it is where that ends: what follows is carried anew, and all of the log where nobody knows that place.
 * Rejects with `InvalidConfiguration` where the checkpoint is of another log: to go on would skip events in silence.
 */
export const readCheckpoint = async (place: CheckpointPlace): Promise<RelayCheckpoint | undefined> => {
  const { log } = place
  const stored = await storedCheckpoint(place)
  if (stored === undefined) return undefined
  const [identity, end] = [await identify(log), await log.head()]
  const head = end ?? 0
  const known = { log: stored.log, position: stored.passed ?? stored.position }
  if (isBeyond(identity, head, known)) {
    // Others may have worked on the copy by now, so that it does not end where the log does.
    await recordRestore({ log }, { identity, head, known, by: 'the relay' })
    return readCheckpoint(place)
  }
  if (isNamed(identity, stored.log)) return { ...stored, log: identity.id }
  if (wasNamed(identity, stored.log)) return restoredCheckpoint(log, identity, stored)
  if (known.position <= head && (await holds(log, stored))) return { ...stored, log: identity.id }
  throw ofAnotherLog(place, stored, { log: identity.id, head: end })
}

const storedCheckpoint = async (place: CheckpointPlace): Promise<RelayCheckpoint | undefined> => {
  let newest: string | null = null
  for await (const { key, value } of place.bus.read(place.topics.relayCheckpoints)) if (key === place.streamPrefix) newest = value
  return newest === null ? undefined : parse(place, newest)
}

const ofAnotherLog = (
  { streamPrefix, topics }: CheckpointPlace,
  stored: RelayCheckpoint,
  { log, head }: { readonly log: string; readonly head: number | undefined },
): AppError =>
  new AppError(
    'InvalidConfiguration',
    `the checkpoint of ${streamPrefix} in ${topics.relayCheckpoints} is position ${stored.position} of the log ${stored.log}, ` +
      `but this log is ${log || 'empty'} and ends at ${head ?? 'nothing'}: it is another log. ` +
      `Give each log topics of its own, or delete ${topics.relayCheckpoints} to relay everything again`,
    { details: { streamPrefix, stored, log, head } },
  )

const restoredCheckpoint = async (log: EventLog, identity: LogIdentity, stored: RelayCheckpoint): Promise<RelayCheckpoint | undefined> => {
  // What was told, and not found out by whoever began, does not say where the copy has ended.
  const end = Math.min(...restoresSince(identity, stored.log).map(({ head, by }) => (by === undefined ? head : Infinity)))
  if (stored.position > end) return { log: identity.id, position: end }
  return (await holds(log, stored)) ? { ...stored, passed: stored.position, log: identity.id } : undefined
}

/** Whether the log has that very event at that place. */
const holds = async (log: EventLog, { position, event }: RelayCheckpoint): Promise<boolean> => {
  try {
    for await (const found of log.readAll({ from: position, limit: 1 })) return found.position === position && found.id === event
  } catch (error) {
    // Some logs can be read only from where an event is.
    if (!isAppError(error, 'InvalidInput')) throw error
  }
  return false
}

const parse = ({ topics, streamPrefix }: CheckpointPlace, text: string): RelayCheckpoint => {
  try {
    const found = JSON.parse(text) as Partial<RelayCheckpoint>
    if (typeof found.log === 'string' && Number.isSafeInteger(found.position)) return found as RelayCheckpoint
  } catch {
    // Reported below.
  }
  throw new AppError(
    'InvalidConfiguration',
    `Expected {"log", "position"} as the checkpoint of ${streamPrefix} in ${topics.relayCheckpoints}, found ${beginning(text, 80)}`,
  )
}
