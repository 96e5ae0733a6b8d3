import { beginning } from '../beginning.ts'
import type { Bus, BusMessage } from '../bus/bus.ts'
import { AppError, isAppError } from '../errors.ts'
import type { EventLog } from '../eventlog/event-log.ts'
import { identify, isNamed } from './log-identity.ts'
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

/** Rejects with `InvalidConfiguration` where the checkpoint is of another log, or ahead of this one: to go on would skip events in silence. */
export const readCheckpoint = async (place: CheckpointPlace): Promise<RelayCheckpoint | undefined> => {
  const { bus, topics, streamPrefix, log } = place
  let newest: string | null = null
  for await (const { key, value } of bus.read(topics.relayCheckpoints)) if (key === streamPrefix) newest = value
  if (newest === null) return undefined
  const stored = parse(place, newest)
  const [identity, head] = [await identify(log), await log.head()]
  const isNotAhead = head !== undefined && (stored.passed ?? stored.position) <= head
  if (isNotAhead && (isNamed(identity, stored.log) || (await holds(log, stored)))) return { ...stored, log: identity.id }
  throw new AppError(
    'InvalidConfiguration',
    `the checkpoint of ${streamPrefix} in ${topics.relayCheckpoints} is position ${stored.position} of the log ${stored.log}, ` +
      `but this log is ${identity.id || 'empty'} and ends at ${head ?? 'nothing'}: it is another log, or was restored from a copy. ` +
      `Give each log topics of its own, or delete ${topics.relayCheckpoints} to relay everything again`,
    { details: { streamPrefix, stored, log: identity.id, head } },
  )
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
