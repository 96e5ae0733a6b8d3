import { textsOf } from '../events/content.ts'
import type { DataOf, RunEventType, RunFact } from '../events/run-events.ts'
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
    /** Of what users and people say: the text of its parts. */
    readonly text?: string
  }
}[RunEventType]

export type ChartEventOf<Type extends RunEventType> = Extract<ChartEvent, { type: Type }>

/** Charts decide by words: of all that was said, they get the text beside the parts. */
export const saidText = (event: RunFact): { readonly text?: string } => {
  switch (event.type) {
    case 'MessageReceived':
    case 'HumanAnswerReceived':
    case 'InputAccepted':
    case 'OutputAccepted':
      return event.data.parts === undefined ? {} : { text: textsOf(event.data.parts) }
    default:
      return {}
  }
}
