import type { TopicSpec } from '../bus/bus.ts'

/** The topics by which Refold and other programs meet. */
export interface Topics {
  /** Of all of them, and of the groups that consume them. */
  readonly prefix: string
  /** Every event of every run; key = run id. */
  readonly events: string
  /** What programs ask for; key = run id. */
  readonly commands: string
  readonly eventsDeadLetters: string
  readonly commandsDeadLetters: string
  /** How far each relay is; key = its prefix of streams. */
  readonly relayCheckpoints: string
}

/** All names begin with the prefix, so that several installations can share a cluster. */
export const topicsOf = (prefix: string): Topics => ({
  prefix,
  events: `${prefix}.events`,
  commands: `${prefix}.commands`,
  eventsDeadLetters: `${prefix}.events.dlq`,
  commandsDeadLetters: `${prefix}.commands.dlq`,
  relayCheckpoints: `${prefix}.relay.checkpoints`,
})

const DAY_MS = 24 * 60 * 60_000
const MIB = 1024 * 1024
/** A dead letter carries the message it is about and the reason beside it. */
const DEAD_LETTER_BYTES = 2 * MIB

/** `partitions` is how many members a group of consumers may have; it cannot be raised later without breaking the order of each run. */
export const topicSpecs = (topics: Topics, partitions: number): readonly TopicSpec[] => [
  { topic: topics.events, partitions, keeps: 7 * DAY_MS, maxMessageBytes: MIB },
  { topic: topics.commands, partitions, keeps: 3 * DAY_MS, maxMessageBytes: MIB },
  { topic: topics.eventsDeadLetters, partitions: 1, keeps: 30 * DAY_MS, maxMessageBytes: DEAD_LETTER_BYTES },
  { topic: topics.commandsDeadLetters, partitions: 1, keeps: 30 * DAY_MS, maxMessageBytes: DEAD_LETTER_BYTES },
  { topic: topics.relayCheckpoints, partitions: 1, keeps: 'newestOfKey', maxMessageBytes: MIB },
]
