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
    return modelCallsAsked(event).some((callId) => !asides.has(callId)) ? readInbox(after) : after
  }, emptyTranscript)
}

const modelCallsAsked = ({ meta }: RunEvent): string[] =>
  recordedIntents(meta).flatMap(({ intent, key }) => (intent === 'callModel' ? [key] : []))
