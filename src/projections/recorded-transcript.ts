import type { RunEvent } from '../events/envelope.ts'
import { recordedIntents } from './open-work.ts'
import { applyToTranscript, emptyTranscript, readInbox, type Transcript } from './transcript.ts'

/**
 * The conversation, from the recorded events alone: it can be read without the agent. A chart reads what users said when it asks
 * for a model call that is no aside, which its step has recorded.
 */
export const recordedTranscript = (events: readonly RunEvent[]): Transcript => {
  const asides = new Set(
    events.flatMap((event) => (event.type === 'ModelCallRequested' && event.data.purpose === 'aside' ? [event.data.callId] : [])),
  )
  return events.reduce((before, event) => {
    const after = applyToTranscript(before, event)
    return asksModel(event, asides) ? readInbox(after) : after
  }, emptyTranscript)
}

/** Whether a chart asks for a model call at this event that continues the conversation. */
export const asksModel = ({ meta }: RunEvent, asides: ReadonlySet<string>): boolean =>
  recordedIntents(meta).some(({ intent, key }) => intent === 'callModel' && !asides.has(key))
