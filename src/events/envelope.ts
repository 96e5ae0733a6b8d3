import { z } from 'zod'
import type { RunFact } from './run-events.ts'

/** What is recorded about each event beside its data. */
export const eventMeta = z.strictObject({
  /** Version of the data's shape. */
  version: z.int().positive(),
  /** When it happened, by the clock of the process that appended it; ms since the epoch. */
  at: z.int(),
  /** `name@version`. */
  agent: z.string(),
  chartHash: z.string(),
  /** The run that it all began with: the run itself, or the topmost parent. */
  correlationId: z.string(),
  /** Id of the event that led to this one. */
  causationId: z.string().optional(),
  /** The command that it grants; a repeated command with the same id is granted once. */
  commandId: z.string().optional(),
  /** SHA-256 of the command: under one id another one is refused. */
  commandHash: z.string().optional(),
  /** Who asked for it. */
  actor: z.string().optional(),
  /** W3C trace context of the command. */
  traceparent: z.string().optional(),
  /** Where the charts stood after this event: `thinking.callingModel`, and `; <callId>=<state>` of the tool call it moved. */
  to: z.string(),
  /** What the charts asked for at this event, as `<intent>:<key>`. */
  intents: z.array(z.string()).optional(),
  /** Fields of the data whose payloads are in the blob store. */
  blobs: z.array(z.string()).optional(),
  /** Hashes of the bytes in the blob store that parts of the data name: pictures and files. */
  media: z.array(z.string()).optional(),
  /** No chart had a use for it. */
  ignored: z.literal(true).optional(),
  /** SHA-256 over the hash before and this event's texts: chains the events of a run. */
  hash: z.string(),
})
export type EventMeta = z.infer<typeof eventMeta>

/** A fact in its place in the log. */
export type RunEvent = RunFact & {
  readonly id: string
  readonly runId: string
  /** 0, 1, 2 … */
  readonly revision: number
  readonly meta: EventMeta
}

/** A run event as it is read back, with its place in the whole log. */
export type RecordedRunEvent = RunEvent & { readonly position: number }
