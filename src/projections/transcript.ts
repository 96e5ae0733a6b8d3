import { withEntry, withoutKey } from './entries.ts'
import { callIdAt } from '../events/call-id.ts'
import type { RunEvent } from '../events/envelope.ts'
import { loneText, shownContent, textContent, textsOf, type ContentPart, type Said } from '../events/content.ts'
import type { DataOf } from '../events/run-events.ts'
import { saidIn, textOf, toolCallsOf, type AssistantPart, type Message } from '../events/message.ts'
import { deepFrozen, canonicalJson, jsonText, type Json } from '../json.ts'
import { sha256 } from '../hash.ts'

/** The conversation as the model sees it. */
export interface Transcript {
  /** Append-only and shared by later transcripts: only the first `length` belong to this one. */
  readonly items: readonly Message[]
  readonly length: number
  /** Chained SHA-256 of the messages: the cost of a fingerprint does not grow with the conversation. */
  readonly hash: string
  /** What users have said that no prompt has held yet. */
  readonly inbox: readonly (readonly ContentPart[])[]
  /** What became known of earlier calls, or was noted when the run was released, and no prompt has held yet: between a call and its answer there is no room for it. */
  readonly corrections?: readonly (readonly ContentPart[])[]
  /** Tool calls that wait for their answer. */
  readonly open: ReadonlyMap<string, AwaitedAnswer>
  /** Model calls with a prompt of their own, which is no part of the conversation. */
  readonly asides: readonly string[]
}

/** What the vendor calls it, and which of the answer's calls it is where several have that id. */
export interface AwaitedAnswer {
  readonly id: string
  readonly name: string
  readonly call?: number
  /** What the model is told with the answer: that the call was not the one that it has asked for. */
  readonly changed?: string
}

export const emptyTranscript: Transcript = { items: [], length: 0, hash: '', inbox: [], open: new Map(), asides: [] }

export const messagesOf = (transcript: Transcript): readonly Message[] => transcript.items.slice(0, transcript.length)

/** What a user said last and no prompt has held yet. */
export const newestMessage = ({ inbox }: Transcript): Said => {
  const parts = inbox.at(-1) ?? []
  return { text: textsOf(parts), parts }
}

/** What the agent said last. */
export const newestAnswer = (transcript: Transcript): Said => {
  const message = messagesOf(transcript).findLast(({ role }) => role === 'assistant')
  return saidIn(message?.role === 'assistant' ? message.parts : [])
}

/** The text of what the agent said last; undefined before it has said anything, and where that has no text: it only asks for tools. */
export const lastAnswer = (transcript: Transcript): string | undefined => {
  for (let index = transcript.length - 1; index >= 0; index--) {
    const message = transcript.items[index]
    if (message?.role === 'assistant') return textOf(message.parts) || undefined
  }
  return undefined
}

/** The next prompt holds all that users have said meanwhile, and an answer to every tool call: vendors refuse one without. */
export const readInbox = (transcript: Transcript): Transcript => {
  const { corrections, ...rest } = transcript
  if (corrections === undefined && transcript.inbox.length === 0 && transcript.open.size === 0) return transcript
  const answered = [...transcript.open.keys()].reduce<Transcript>(
    (before, callId) => toolAnswered(before, { callId, parts: textContent('This call was given up.'), isError: true }),
    rest,
  )
  const corrected = (corrections ?? []).reduce((told, parts) => say(told, { role: 'user', parts: [...parts] }), answered)
  return { ...corrected.inbox.reduce((read, parts) => say(read, { role: 'user', parts: [...parts] }), corrected), inbox: [] }
}

export const applyToTranscript = (transcript: Transcript, event: RunEvent): Transcript => {
  switch (event.type) {
    case 'MessageReceived':
      return { ...transcript, inbox: [...transcript.inbox, event.data.parts] }
    case 'InputAccepted':
      return event.data.parts === undefined ? transcript : { ...transcript, inbox: [...transcript.inbox.slice(0, -1), event.data.parts] }
    case 'InputRejected':
      return { ...transcript, inbox: transcript.inbox.slice(0, -1) }
    case 'ModelCallRequested':
      return event.data.purpose === 'aside' ? withAside(transcript, event.data.callId) : transcript
    case 'ModelCallSucceeded':
      return modelAnswered(transcript, event.data.callId, event.data.parts, event.revision)
    case 'ModelCallFailed':
      return sayNote(transcript, event)
    case 'ApprovalGranted':
      return withChange(transcript, event.data)
    case 'ToolCallCorrected':
      return withCorrection(transcript, correction(event.data))
    default: {
      const answer = toolAnswerAt(event)
      return answer === undefined ? applyTurnEvent(transcript, event) : toolAnswered(transcript, answer)
    }
  }
}

const applyTurnEvent = (transcript: Transcript, event: RunEvent): Transcript => {
  switch (event.type) {
    case 'OutputRejected':
    case 'LimitExceeded':
    case 'RunReturned':
      return sayNote(transcript, event)
    case 'RunReleased':
      return event.data.note === undefined ? transcript : withCorrection(transcript, textContent(event.data.note))
    case 'OutputAccepted':
      return event.data.parts === undefined ? transcript : replaceLast(transcript, event.data.parts)
    case 'HumanAnswerReceived':
      return say(readInbox(transcript), { role: 'assistant', parts: [...event.data.parts] })
    default:
      return transcript
  }
}

const withChange = (transcript: Transcript, granted: DataOf<'ApprovalGranted'>): Transcript => {
  const [call, changed] = [transcript.open.get(granted.callId), changeNote(granted)]
  if (call === undefined || changed === undefined) return transcript
  return { ...transcript, open: withEntry(transcript.open, granted.callId, { ...call, changed }) }
}

/** What the model is told of a call whose arguments a person has changed: it would go on from arguments that nobody has used. */
export const changeNote = ({ by, input }: Pick<DataOf<'ApprovalGranted'>, 'by' | 'input'>): string | undefined =>
  input === undefined ? undefined : `The arguments of this call were changed by ${by}, who approved it, to ${jsonText(input)}`

/** An answer with the note behind it. */
export const withChangeNote = (parts: readonly ContentPart[], note: string): ContentPart[] => {
  const text = loneText(parts)
  return text === undefined ? [...parts, ...textContent(note)] : textContent(text === '' ? note : `${text}\n${note}`)
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
      return shownContent(correction(event.data))
    case 'RunReturned':
    case 'RunReleased':
      return event.data.note
    default:
      return undefined
  }
}

const withCorrection = (transcript: Transcript, parts: ContentPart[]): Transcript => ({
  ...transcript,
  corrections: [...(transcript.corrections ?? []), parts],
})

const sayNote = (transcript: Transcript, event: RunEvent): Transcript => {
  const text = noteAt(event)
  return text === undefined ? transcript : say(transcript, { role: 'user', parts: textContent(text) })
}

/** What the model is told with its next prompt of a call that it has an answer to. */
const correction = (data: DataOf<'ToolCallCorrected'>): ContentPart[] => {
  const { callId, attempt, tool, succeeded, output = null, content, note, message, by, earlier } = data
  const who = by === undefined ? '' : `, says ${by}`
  if (!succeeded) return textContent(`Correction: the call ${callId} of ${tool} did not happen${who}: ${message ?? 'no reason was given'}`)
  const happened =
    earlier === true
      ? `attempt ${attempt} of the call ${callId} of ${tool}, which was taken for one that never happened, has happened`
      : `the call ${callId} of ${tool} has happened${who}`
  const told = successContent({ output, content, note })
  const text = loneText(told)
  return text === undefined ? [...textContent(`Correction: ${happened}:`), ...told] : textContent(`Correction: ${happened}: ${text}`)
}

/** What the model is told of a call that has its last word. */
export interface ToolAnswer {
  readonly callId: string
  readonly parts: readonly ContentPart[]
  readonly isError: boolean
}

/** By its event. */
export const toolAnswerAt = (event: RunEvent): ToolAnswer | undefined => {
  switch (event.type) {
    case 'ToolCallSucceeded':
      return { callId: event.data.callId, parts: successContent(event.data), isError: false }
    case 'ToolCallFailed':
      return event.data.retryAt === undefined ? refusal(event.data.callId, failureText(event.data)) : undefined
    case 'ToolCallRejected':
      return rejectionAnswer(event.data)
    case 'ToolCallDenied':
      return refusal(event.data.callId, `Denied by ${event.data.by}: ${event.data.reason}`)
    default:
      return undefined
  }
}

const refusal = (callId: string, text: string): ToolAnswer => ({ callId, parts: textContent(text), isError: true })

/** An act that was done already is told as it was told first. */
const rejectionAnswer = ({ callId, message, output, content }: DataOf<'ToolCallRejected'>): ToolAnswer =>
  output === undefined ? refusal(callId, message) : { callId, parts: successContent({ output, content, note: message }), isError: false }

const successContent = ({ output, content, note }: Pick<DataOf<'ToolCallSucceeded'>, 'output' | 'content' | 'note'>): ContentPart[] =>
  content === undefined ? textContent(successText({ output, note })) : [...content, ...(note === undefined ? [] : textContent(note))]

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
    hash: hashAfter(transcript.hash, message),
  }
}

/** Of a conversation with one more message. */
export const hashAfter = (hash: string, message: Message): string => sha256(`${hash}\n${canonicalJson(hashed(message))}`)

/**
 * Which call an answer belongs to follows from the events; the hash is of what is said. One text is hashed as it was before there were parts,
 * so that the prompts of older runs keep their fingerprints.
 */
const hashed = (message: Message): object => {
  if (message.role === 'assistant') return message
  const { role, parts } = message
  const text = loneText(parts)
  const said = text === undefined ? { parts, role } : { role, text }
  // In the order in which they are hashed.
  return message.role === 'tool' ? { id: message.id, isError: message.isError, name: message.name, ...said } : said
}

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

const toolAnswered = (transcript: Transcript, { callId, parts, isError }: ToolAnswer): Transcript => {
  const awaited = transcript.open.get(callId)
  if (awaited === undefined) return transcript
  const { changed, ...call } = awaited
  const told = changed === undefined ? [...parts] : withChangeNote(parts, changed)
  return { ...say(transcript, { role: 'tool', ...call, parts: told, isError }), open: withoutKey(transcript.open, callId) }
}

/** A redacted answer: what the guardrail took out must not reach later prompts either. */
const replaceLast = (transcript: Transcript, parts: readonly ContentPart[]): Transcript => {
  const kept = messagesOf(transcript).slice(0, -1)
  const base = kept.reduce<Transcript>((before, message) => say(before, message), { ...transcript, items: [], length: 0, hash: '' })
  return say(base, { role: 'assistant', parts: [...parts] })
}
