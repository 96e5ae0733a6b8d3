import type { RunEvent } from '../events/envelope.ts'
import { asksModel } from './recorded-transcript.ts'
import { applyToTranscript, emptyTranscript, readInbox, type Transcript } from './transcript.ts'

/** A conversation, and for each of its messages the event that said it. */
export interface SaidMessages {
  readonly transcript: Transcript
  /** Revisions, one for each message. */
  readonly saidAt: readonly number[]
}

export interface SaidMessagesReader {
  /** In order, from the first event of the run on. */
  add(event: RunEvent): void
  /** As of the event that was added last. */
  now(): SaidMessages
}

/** The conversation from the recorded events alone. `asides` are the model calls with a prompt of their own: they read nothing of it. */
export const saidMessages = (asides: ReadonlySet<string>): SaidMessagesReader => {
  let transcript = emptyTranscript
  let saidAt: number[] = []
  // Of what no prompt has held yet.
  let inboxAt: number[] = []
  let correctionsAt: number[] = []

  const read = (revision: number): void => {
    const given = transcript.open.size
    transcript = readInbox(transcript)
    saidAt.push(...new Array<number>(given).fill(revision), ...correctionsAt, ...inboxAt)
    inboxAt = []
    correctionsAt = []
  }
  const queue = (event: RunEvent): void => {
    if (event.type === 'MessageReceived') inboxAt.push(event.revision)
    else if (event.type === 'InputRejected') inboxAt.pop()
    else if (event.type === 'InputAccepted' && event.data.parts !== undefined) inboxAt.splice(-1, 1, event.revision)
    else if (event.type === 'ToolCallCorrected') correctionsAt.push(event.revision)
  }
  return {
    add(event) {
      // Whoever answers for the agent answers all that was said until then.
      if (event.type === 'HumanAnswerReceived') read(event.revision)
      queue(event)
      const before = transcript
      transcript = applyToTranscript(before, event)
      if (transcript.length === before.length && transcript.hash !== before.hash) saidAt = [...saidAt.slice(0, -1), event.revision]
      for (let length = before.length; length < transcript.length; length++) saidAt.push(event.revision)
      if (asksModel(event, asides)) read(event.revision)
    },
    now: () => ({ transcript, saidAt: saidAt.slice(0, transcript.length) }),
  }
}
