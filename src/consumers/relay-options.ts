import type { Bus } from '../bus/bus.ts'
import type { Clock } from '../clock.ts'
import type { EventLog } from '../eventlog/event-log.ts'
import type { Topics } from './topics.ts'

export type RelayNotice =
  | { readonly type: 'relayFailed'; readonly streamPrefix: string; readonly message: string }
  | { readonly type: 'eventOmitted'; readonly stream: string; readonly revision: number; readonly bytes: number }

export interface RelayOptions {
  readonly log: EventLog
  readonly bus: Bus
  readonly topics: Topics
  readonly clock: Clock
  /** Of the streams to carry: `run.` for all of them, `run.3` for one in sixteen. Each relay has a checkpoint under its prefix. */
  readonly streamPrefix: string
  /** Events and checkpoint in one transaction: nothing is repeated, and a second relay of the prefix ends the first. */
  readonly transactional: boolean
  /** An event whose message were larger is replaced by a reference. {@link LARGEST_MESSAGE_BYTES} suits the topics that Refold makes. */
  readonly largestMessageBytes: number
  readonly notify: (notice: RelayNotice) => void
}

/** A topic takes 1 MiB, of which the framing of a batch needs a little. */
export const LARGEST_MESSAGE_BYTES = 1_000_000
