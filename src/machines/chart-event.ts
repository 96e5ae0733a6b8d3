import type { DataOf, RunEventType } from '../events/run-events.ts'
import type { Spent } from './spent.ts'

/** The log's events as a chart sees them: data, type and place in one object. */
export type ChartEvent = {
  [Type in RunEventType]: DataOf<Type> & {
    readonly type: Type
    /** ms since the epoch: the only clock of a chart. */
    readonly at: number
    readonly revision: number
    /** What the run has used up, this event included. */
    readonly spent: Spent
    /** The part of `callId` that the chart chose. */
    readonly key?: string
  }
}[RunEventType]

export type ChartEventOf<Type extends RunEventType> = Extract<ChartEvent, { type: Type }>
