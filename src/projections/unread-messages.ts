import type { RunEvent } from '../events/envelope.ts'
import { finalEventTypes } from '../events/run-events.ts'
import { shownParts, VALUE_LENGTH } from './bounded-text.ts'
import { recordedIntents } from './open-work.ts'

/** Messages of the user that no prompt has held yet, without a chart: by the same rules as the inbox of the transcript. */
export interface UnreadMessages {
  readonly count: number
  /** How many of them the prompt that was asked for last will hold. */
  readonly asked: number
  /** The beginning of the newest. */
  readonly newest: string | null
}

const none: UnreadMessages = { count: 0, asked: 0, newest: null }

/** Undefined where there is none, as in a run that is over. */
export const unreadAfter = (before: UnreadMessages | undefined, event: RunEvent): UnreadMessages | undefined => {
  if (finalEventTypes.has(event.type)) return undefined
  const after = noted(before ?? none, event)
  const asksModel = recordedIntents(event.meta).some(({ intent }) => intent === 'callModel')
  const unread = asksModel ? { ...after, asked: after.count } : after
  return unread.count === 0 ? undefined : unread
}

const noted = (unread: UnreadMessages, event: RunEvent): UnreadMessages => {
  switch (event.type) {
    case 'MessageReceived':
      return { ...unread, count: unread.count + 1, newest: shownParts(event.data.parts, VALUE_LENGTH) }
    case 'InputAccepted':
      return event.data.parts === undefined ? unread : { ...unread, newest: shownParts(event.data.parts, VALUE_LENGTH) }
    case 'InputRejected':
      return less(unread, 1)
    case 'ModelCallRequested':
      // A prompt beside the conversation holds none of them.
      return event.data.purpose === 'aside' ? { ...unread, asked: 0 } : { ...less(unread, unread.asked), asked: 0 }
    case 'HumanAnswerReceived':
      return none
    default:
      return unread
  }
}

const less = (unread: UnreadMessages, by: number): UnreadMessages => ({ ...unread, count: Math.max(0, unread.count - by) })
