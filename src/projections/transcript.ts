import { withoutKey } from './entries.ts'
import { callIdAt } from '../events/call-id.ts'
import type { RunEvent } from '../events/envelope.ts'
import type { DataOf } from '../events/run-events.ts'
import { textOf, toolCallsOf, type AssistantPart, type Message } from '../events/message.ts'
import { deepFrozen, canonicalJson, jsonText, type Json } from '../json.ts'
import { sha256 } from '../hash.ts'

/** The conversation as the model sees it. */
export interface Transcript {
  /** Append-only and shared by later transcripts: only the first `length` belong to this one. */
  readonly items: readonly Message[]
  readonly length: number
  /** Chained SHA-256 of the messages: the cost of a fingerprint does not grow with the conversation. */
  readonly hash: string
  /** Texts of users that no prompt has held yet. */
  readonly inbox: readonly string[]
  /** What became known of earlier calls, and no prompt has held yet: between a call and its answer there is no room for it. */
  readonly corrections?: readonly string[]
  /** Tool calls that wait for their answer: what the vendor calls them, and which of the answer's calls it is where several have that id. */
  readonly open: ReadonlyMap<string, { readonly id: string; readonly name: string; readonly call?: number }>
  /** Model calls with a prompt of their own, which is no part of the conversation. */
  readonly asides: readonly string[]
}

export const emptyTranscript: Transcript = { items: [], length: 0, hash: '', inbox: [], open: new Map(), asides: [] }

export const messagesOf = (transcript: Transcript): readonly Message[] => transcript.items.slice(0, transcript.length)

/** The newest text that the agent gave, or undefined. */
export const lastAnswer = (transcript: Transcript): string | undefined => {
  for (let index = transcript.length - 1; index >= 0; index--) {
    const message = transcript.items[index]
    if (message?.role === 'assistant') return textOf(message.parts)
  }
  return undefined
}

/** The next prompt holds all that users have said meanwhile, and an answer to every tool call: vendors refuse one without. */
export const readInbox = (transcript: Transcript): Transcript => {
  const { corrections, ...rest } = transcript
  if (corrections === undefined && transcript.inbox.length === 0 && transcript.open.size === 0) return transcript
  const answered = [...transcript.open.keys()].reduce<Transcript>(
    (before, callId) => toolAnswered(before, callId, 'This call was given up.', true),
    rest,
  )
  const corrected = (corrections ?? []).reduce((told, text) => say(told, { role: 'user', text }), answered)
  return { ...corrected.inbox.reduce((read, text) => say(read, { role: 'user', text }), corrected), inbox: [] }
}

export const applyToTranscript = (transcript: Transcript, event: RunEvent): Transcript => {
  switch (event.type) {
    case 'MessageReceived':
      return { ...transcript, inbox: [...transcript.inbox, event.data.text] }
    case 'InputAccepted':
      return event.data.text === undefined ? transcript : { ...transcript, inbox: [...transcript.inbox.slice(0, -1), event.data.text] }
    case 'InputRejected':
      return { ...transcript, inbox: transcript.inbox.slice(0, -1) }
    case 'ModelCallRequested':
      return event.data.purpose === 'aside' ? withAside(transcript, event.data.callId) : transcript
    case 'ModelCallSucceeded':
      return modelAnswered(transcript, event.data.callId, event.data.parts, event.revision)
    case 'ModelCallFailed':
      return sayNote(transcript, event)
    case 'ToolCallCorrected':
      return { ...transcript, corrections: [...(transcript.corrections ?? []), correctionText(event.data)] }
    default: {
      const answer = toolAnswerAt(event)
      return answer === undefined ? applyTurnEvent(transcript, event) : toolAnswered(transcript, answer.callId, answer.text, answer.isError)
    }
  }
}

const applyTurnEvent = (transcript: Transcript, event: RunEvent): Transcript => {
  switch (event.type) {
    case 'OutputRejected':
    case 'LimitExceeded':
    case 'RunReturned':
      return sayNote(transcript, event)
    case 'OutputAccepted':
      return event.data.text === undefined ? transcript : replaceLast(transcript, event.data.text)
    case 'HumanAnswerReceived':
      return say(readInbox(transcript), { role: 'assistant', parts: [{ type: 'text', text: event.data.text }] })
    default:
      return transcript
  }
}

/** Each attempt is requested anew. */
const withAside = (transcript: Transcript, callId: string): Transcript =>
  transcript.asides.includes(callId) ? transcript : { ...transcript, asides: [...transcript.asides, callId] }

/** What the model is told at an event by nobody in the conversation. */
export const noteAt = (event: RunEvent): string | undefined => {
  switch (event.type) {
    case 'ModelCallFailed':
      if (event.data.maxOutputTokens !== undefined) return 'Your last answer was cut, since it was too long. Answer again, in fewer words.'
      return event.data.class === 'empty' && event.data.next === 'retry' ? 'Your last answer was empty. Please answer.' : undefined
    case 'OutputRejected':
      return `Your answer was not accepted: ${event.data.reason}. Answer again.`
    case 'LimitExceeded':
      return `The limit for ${event.data.limit} is reached. Answer now, without tools, with what you know, and say what is left to do.`
    case 'ToolCallCorrected':
      return correctionText(event.data)
    case 'RunReturned':
      return event.data.note
    default:
      return undefined
  }
}

const sayNote = (transcript: Transcript, event: RunEvent): Transcript => {
  const text = noteAt(event)
  return text === undefined ? transcript : say(transcript, { role: 'user', text })
}

/** What the model is told with its next prompt of a call that it has an answer to. */
const correctionText = ({ callId, attempt, tool, succeeded, output, note, message, by, earlier }: DataOf<'ToolCallCorrected'>): string => {
  if (earlier === true)
    return `Correction: attempt ${attempt} of the call ${callId} of ${tool}, which was taken for one that never happened, has happened: ${successText({ output: output ?? null, note })}`
  const who = by === undefined ? '' : `, says ${by}`
  return succeeded
    ? `Correction: the call ${callId} of ${tool} has happened${who}: ${successText({ output: output ?? null, note })}`
    : `Correction: the call ${callId} of ${tool} did not happen${who}: ${message ?? 'no reason was given'}`
}

/** What the model is told of a call that has its last word, by its event. */
export const toolAnswerAt = (
  event: RunEvent,
): { readonly callId: string; readonly text: string; readonly isError: boolean } | undefined => {
  switch (event.type) {
    case 'ToolCallSucceeded':
      return { callId: event.data.callId, text: successText(event.data), isError: false }
    case 'ToolCallFailed':
      return event.data.retryAt === undefined ? { callId: event.data.callId, text: failureText(event.data), isError: true } : undefined
    case 'ToolCallRejected':
      return rejectionAnswer(event.data)
    case 'ToolCallDenied':
      return { callId: event.data.callId, text: `Denied by ${event.data.by}: ${event.data.reason}`, isError: true }
    default:
      return undefined
  }
}

/** An act that was done already is told as it was told first. */
const rejectionAnswer = ({ callId, message, output }: DataOf<'ToolCallRejected'>) =>
  output === undefined ? { callId, text: message, isError: true } : { callId, text: successText({ output, note: message }), isError: false }

const successText = ({ output, note }: Pick<DataOf<'ToolCallSucceeded'>, 'output' | 'note'>): string => {
  if (note === undefined) return outputText(output)
  return output === null ? note : `${outputText(output)}\n${note}`
}

const failureText = ({ message, happened }: DataOf<'ToolCallFailed'>): string =>
  happened === 'unknown' ? `${message}\nNobody knows whether it happened all the same.` : message

const outputText = (output: Json): string => (typeof output === 'string' ? output : jsonText(output))

const say = (transcript: Transcript, message: Message): Transcript => {
  // A transcript that was continued elsewhere already must not share its tail with this continuation.
  const items =
    transcript.items.length === transcript.length ? (transcript.items as Message[]) : transcript.items.slice(0, transcript.length)
  const shared = items.length === 0 ? [] : items
  shared.push(deepFrozen(message))
  return {
    ...transcript,
    items: shared,
    length: transcript.length + 1,
    hash: sha256(`${transcript.hash}\n${canonicalJson(hashed(message))}`),
  }
}

/** Which call an answer belongs to follows from the events; the hash is of what is said. */
const hashed = (message: Message): Message => (message.role === 'tool' ? { ...message, call: undefined } : message)

const modelAnswered = (transcript: Transcript, callId: string, parts: readonly AssistantPart[], revision: number): Transcript => {
  if (transcript.asides.includes(callId)) return { ...transcript, asides: transcript.asides.filter((aside) => aside !== callId) }
  const said = say(transcript, { role: 'assistant', parts: [...parts] })
  const calls = toolCallsOf(parts)
  if (calls.length === 0) return said
  const repeated = repeatedIds(calls)
  const open = calls.map(({ id, name }, call) => ({ id, name, ...(repeated.has(id) && { call }) }))
  return { ...said, open: new Map(open.map((call, index) => [callIdAt(revision, index), call])) }
}

const repeatedIds = (calls: readonly { readonly id: string }[]): ReadonlySet<string> => {
  const seen = new Set<string>()
  const repeated = new Set<string>()
  for (const { id } of calls) (seen.has(id) ? repeated : seen).add(id)
  return repeated
}

const toolAnswered = (transcript: Transcript, callId: string, text: string, isError: boolean): Transcript => {
  const call = transcript.open.get(callId)
  if (call === undefined) return transcript
  return { ...say(transcript, { role: 'tool', ...call, text, isError }), open: withoutKey(transcript.open, callId) }
}

/** A redacted answer: what the guardrail took out must not reach later prompts either. */
const replaceLast = (transcript: Transcript, text: string): Transcript => {
  const kept = messagesOf(transcript).slice(0, -1)
  const base = kept.reduce<Transcript>((before, message) => say(before, message), { ...transcript, items: [], length: 0, hash: '' })
  return say(base, { role: 'assistant', parts: [{ type: 'text', text }] })
}
