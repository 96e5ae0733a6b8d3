import type { ContentPart } from '../../events/content.ts'
import type { RunEvent } from '../../events/envelope.ts'
import { assistantMessage, messagesText, toolMessage, userMessage, valueText, type SaidMessage } from './said-content.ts'

/** What was said in a turn, for those who want it in their traces: of a text that a guardrail has changed or refused only what it has left. */
export interface SaidInTurn {
  /** UTF-16 units of one attribute; 0 where nothing of what is said is wanted. */
  readonly length: number
  /** The newest message, while guardrails look at it. */
  held: readonly ContentPart[] | undefined
  /** Of the user. */
  heard: SaidMessage[]
  /** What no model call has been told yet. */
  unread: SaidMessage[]
  answer: SaidMessage | undefined
}

/** Of a turn that is remembered. */
const MOST_MESSAGES = 64

export const nothingSaid = (length: number): SaidInTurn => ({ length, held: undefined, heard: [], unread: [], answer: undefined })

const keep = (messages: SaidMessage[], message: SaidMessage): SaidMessage[] => [...messages, message].slice(-MOST_MESSAGES)

export const hear = (said: SaidInTurn, parts: readonly ContentPart[]): void => {
  if (said.length === 0) return
  const message = userMessage(parts)
  said.heard = keep(said.heard, message)
  said.unread = keep(said.unread, message)
}

export const hearResult = (said: SaidInTurn, id: string, value: unknown): void => {
  if (said.length > 0) said.unread = keep(said.unread, toolMessage(id, valueText(value, said.length)))
}

/** What a model call is told that it was not told before. */
export const readOut = (said: SaidInTurn): Readonly<Record<string, string>> => {
  if (said.length === 0 || said.unread.length === 0) return {}
  const text = messagesText(said.unread, said.length)
  said.unread = []
  return { 'gen_ai.input.messages': text }
}

/** The answer of a model call. One that is still to be checked is said by nobody before it was. */
export const answered = (
  said: SaidInTurn,
  { data, meta }: Extract<RunEvent, { type: 'ModelCallSucceeded' }>,
): Readonly<Record<string, string>> => {
  if (said.length === 0) return {}
  const message = assistantMessage(data.parts)
  said.answer = message
  const isChecked = meta.intents?.some((intent) => intent.startsWith('checkOutput')) === true
  return isChecked ? {} : { 'gen_ai.output.messages': messagesText([message], said.length) }
}

/** Of a whole turn, once it is over. */
export const turnContent = (said: SaidInTurn): Readonly<Record<string, string>> => {
  if (said.length === 0) return {}
  const content: Record<string, string> = {}
  if (said.heard.length > 0) content['gen_ai.input.messages'] = messagesText(said.heard, said.length)
  if (said.answer !== undefined) content['gen_ai.output.messages'] = messagesText([said.answer], said.length)
  said.heard = []
  said.answer = undefined
  return content
}

/** A value of one attribute. */
export const valueContent = (said: SaidInTurn, name: string, value: unknown): Readonly<Record<string, string>> =>
  said.length === 0 || value === undefined ? {} : { [name]: valueText(value, said.length) }
