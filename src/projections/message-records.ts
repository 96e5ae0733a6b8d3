import { callIdAt } from '../events/call-id.ts'
import type { RunEvent } from '../events/envelope.ts'
import { shownAnswer, toolCallsOf } from '../events/message.ts'
import { shown, shownParts, storable } from './bounded-text.ts'
import { changeNote, noteAt, toolAnswerAt, withChangeNote } from './transcript.ts'

/** Something that was said in a run. */
export interface MessageRecord {
  readonly runId: string
  /** Of the event that said it. */
  readonly saidRevision: number
  readonly revision: number
  readonly at: number
  /** `human`: a person for the agent. `note`: what the model is told by Refold, or by whoever gave the run back. */
  readonly role: 'user' | 'assistant' | 'tool' | 'human' | 'note'
  readonly text: string
  /** Of the tool that answers. */
  readonly tool: string | null
  readonly callId: string | null
  /** Tools that the model asks for, by name. */
  readonly asksFor: string | null
  /** What a guardrail made of it: the text of one that is redacted is what was left of it. */
  readonly verdict: 'redacted' | 'rejected' | 'error' | null
}

/** What of the conversation a later event may still change. */
export interface OpenConversation {
  /** The newest message of the user, until it is read or judged. */
  readonly question?: MessageRecord
  /** The newest answer, while it is judged. */
  readonly answer?: MessageRecord
  /** Names of tools that the model waits for, by call id. */
  readonly awaited?: Readonly<{ [callId: string]: string }>
  /** What the model is told with the answer of those whose arguments a person has changed, by call id. */
  readonly changed?: Readonly<{ [callId: string]: string }>
  /** Model calls with a prompt of their own. */
  readonly asides?: readonly string[]
}

interface Surroundings {
  /** After the event, an input guardrail has still to say something. */
  readonly checksInput: boolean
  /** The event asks for a verdict on the answer. */
  readonly checksOutput: boolean
  readonly isOver: boolean
}

interface Said {
  readonly messages: readonly MessageRecord[]
  readonly conversation: OpenConversation | undefined
}

const nothingOpen: OpenConversation = {}

/** What an event says, or makes of what was said before, by the rules of the transcript. */
export const messageChanges = (before: OpenConversation | undefined, event: RunEvent, around: Surroundings): Said => {
  const { messages, conversation } = said(before ?? nothingOpen, event, around)
  return { messages, conversation: around.isOver || Object.keys(conversation).length === 0 ? undefined : conversation }
}

const said = (
  open: OpenConversation,
  event: RunEvent,
  around: Surroundings,
): { messages: MessageRecord[]; conversation: OpenConversation } => {
  switch (event.type) {
    case 'MessageReceived': {
      const question = message(event, 'user', shownParts(event.data.parts))
      return { messages: [question], conversation: { ...open, question } }
    }
    case 'InputAccepted':
      return judged(
        open,
        'question',
        event.data.parts === undefined ? undefined : { text: shownParts(event.data.parts), verdict: 'redacted' },
        event,
      )
    case 'InputRejected':
      return judged(open, 'question', { verdict: 'rejected' }, event)
    case 'OutputAccepted':
      return judged(
        open,
        'answer',
        event.data.parts === undefined ? undefined : { text: shownParts(event.data.parts), verdict: 'redacted' },
        event,
      )
    case 'OutputRejected': {
      const { messages, conversation } = judged(open, 'answer', { verdict: 'rejected' }, event)
      return { messages: [...messages, ...noted(event)], conversation }
    }
    case 'ModelCallRequested':
      return { messages: [], conversation: read(open, event, around) }
    case 'ModelCallSucceeded':
      return answered(open, event, around)
    case 'HumanAnswerReceived':
      return {
        messages: [message(event, 'human', shownParts(event.data.parts))],
        conversation: without(open, 'question', 'awaited', 'changed'),
      }
    case 'ApprovalGranted':
      return { messages: [], conversation: changedBy(open, event) }
    default:
      return { messages: noted(event), conversation: open, ...toolAnswered(open, event) }
  }
}

const message = ({ runId, revision, meta }: RunEvent, role: MessageRecord['role'], text: string): MessageRecord => ({
  runId,
  saidRevision: revision,
  revision,
  at: meta.at,
  role,
  text,
  tool: null,
  callId: null,
  asksFor: null,
  verdict: null,
})

const noted = (event: RunEvent): MessageRecord[] => {
  const text = noteAt(event)
  return text === undefined ? [] : [message(event, 'note', shown(text))]
}

const judged = (
  open: OpenConversation,
  which: 'question' | 'answer',
  verdict: Partial<MessageRecord> | undefined,
  { revision }: RunEvent,
): { messages: MessageRecord[]; conversation: OpenConversation } => {
  const record = open[which]
  const messages = record === undefined || verdict === undefined ? [] : [{ ...record, ...verdict, revision }]
  return { messages, conversation: without(open, which) }
}

/** A prompt of the conversation holds all that was said; an aside leaves it as it was. */
const read = (open: OpenConversation, { data }: Extract<RunEvent, { type: 'ModelCallRequested' }>, { checksInput }: Surroundings) => {
  if (data.purpose !== 'aside') return without(open, 'awaited', 'changed', ...(checksInput ? [] : (['question'] as const)))
  const { asides = [] } = open
  return asides.includes(data.callId) ? open : { ...open, asides: [...asides, data.callId] }
}

const answered = (
  open: OpenConversation,
  event: Extract<RunEvent, { type: 'ModelCallSucceeded' }>,
  { checksOutput }: Surroundings,
): { messages: MessageRecord[]; conversation: OpenConversation } => {
  const { callId, parts } = event.data
  const asides = open.asides?.filter((aside) => aside !== callId) ?? []
  const rest: OpenConversation = { ...without(open, 'asides', 'answer'), ...(asides.length === 0 ? {} : { asides }) }
  if (open.asides?.includes(callId) === true) return { messages: [], conversation: rest }
  const calls = toolCallsOf(parts)
  const asksFor = calls.length === 0 ? null : storable(calls.map(({ name }) => name).join(', '))
  const answer = { ...message(event, 'assistant', shown(shownAnswer(parts))), callId, asksFor }
  const awaited = Object.fromEntries(calls.map(({ name }, at) => [callIdAt(event.revision, at), storable(name)]))
  return {
    messages: [answer],
    conversation: { ...rest, ...(checksOutput ? { answer } : {}), ...(calls.length === 0 ? {} : { awaited }) },
  }
}

const changedBy = (open: OpenConversation, { data }: Extract<RunEvent, { type: 'ApprovalGranted' }>): OpenConversation => {
  const note = open.awaited?.[data.callId] === undefined ? undefined : changeNote(data)
  return note === undefined ? open : { ...open, changed: { ...open.changed, [data.callId]: shown(note) } }
}

const toolAnswered = (
  open: OpenConversation,
  event: RunEvent,
): { messages: MessageRecord[]; conversation: OpenConversation } | undefined => {
  const answer = toolAnswerAt(event)
  const tool = answer === undefined ? undefined : open.awaited?.[answer.callId]
  if (answer === undefined || tool === undefined) return undefined
  const { [answer.callId]: _, ...awaited } = open.awaited ?? {}
  const { [answer.callId]: note, ...changed } = open.changed ?? {}
  const told = note === undefined ? answer.parts : withChangeNote(answer.parts, note)
  const rest = { ...without(open, 'awaited', 'changed'), ...(Object.keys(changed).length === 0 ? {} : { changed }) }
  return {
    messages: [{ ...message(event, 'tool', shownParts(told)), tool, callId: answer.callId, verdict: answer.isError ? 'error' : null }],
    conversation: Object.keys(awaited).length === 0 ? rest : { ...rest, awaited },
  }
}

const without = (open: OpenConversation, ...names: readonly (keyof OpenConversation)[]): OpenConversation => {
  if (names.every((name) => open[name] === undefined)) return open
  return Object.fromEntries(Object.entries(open).filter(([name]) => !names.includes(name as keyof OpenConversation)))
}
