import type { RunEvent } from '../events/envelope.ts'
import type { Json } from '../json.ts'

/** What programs have said with the messages of users; null for a message with which nothing was said. */
export interface MessageData {
  /** Of the newest message that a prompt has held. */
  readonly read: Json
  /** Of those that none has held yet, in their order. */
  readonly unread: readonly Json[]
}

export const noMessageData: MessageData = { read: null, unread: [] }

/** Of the newest message, whether a prompt has held it or not. */
export const newestData = ({ read, unread }: MessageData): Json => unread.at(-1) ?? (unread.length === 0 ? read : null)

/** The next prompt holds all messages. */
export const readMessages = (data: MessageData): MessageData =>
  data.unread.length === 0 ? data : { read: data.unread.at(-1) ?? null, unread: [] }

export const applyToMessageData = (data: MessageData, event: RunEvent): MessageData => {
  switch (event.type) {
    case 'MessageReceived':
      return { ...data, unread: [...data.unread, event.data.data ?? null] }
    case 'InputRejected':
      return { ...data, unread: data.unread.slice(0, -1) }
    case 'HumanAnswerReceived':
      return readMessages(data)
    default:
      return data
  }
}
