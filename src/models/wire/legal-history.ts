import { textContent, textsOf, type ContentPart } from '../../events/content.ts'
import { toolCallsOf, type AssistantPart, type Message, type ToolCallPart } from '../../events/message.ts'
import type { Json } from '../../json.ts'
import { legalArguments, legalIds, legalNames } from './legal-calls.ts'
import { answerInWords, legalMedia } from './legal-media.ts'
import type { ModelRequest } from '../model.ts'
import { nothingShown, type ShownMedia } from './shown-media.ts'

/** What a vendor takes back of a conversation. */
export interface HistoryRules {
  /** Whose opaque parts go back; those of all others are left out. */
  readonly vendor: string
  /** Whether a part that came from this vendor has the shape in which it can go back. */
  readonly isOwn: (content: Json) => boolean
  /** The ids of tool calls that it takes. */
  readonly callId: RegExp
  /** The id of the call before such a part, where the vendor wrote one that others would not take and wants it back. */
  readonly ownId?: (content: Json) => Json | undefined
  /** Whether it takes an empty text as the result of a tool. */
  readonly takesBlankResults: boolean
  /** Whether it takes pictures and files in the result of a tool. */
  readonly mediaInToolResults: boolean
}

export interface LegalHistory {
  /** Users and the agent in turns, the first and the last word a user's; each tool call with its one result directly after it. */
  readonly messages: readonly Message[]
  /** What is not as it stands in the log, in the words of docs/models.md. Sorted. */
  readonly changed: readonly string[]
}

/**
 * The conversation as a vendor takes it. One odd answer stays in every later prompt, and a vendor refuses the whole prompt for it:
 * the log keeps it as it came, and each request is made legal anew. Pure; what is legal already comes out as it went in.
 */
export const legalHistory = (
  { messages, tools }: Pick<ModelRequest, 'messages' | 'tools'>,
  rules: HistoryRules,
  shown: ShownMedia = nothingShown,
): LegalHistory => {
  const changed = new Set<string>()
  const ordered = withAnsweredCalls(messages, legalAssistant(rules, new Set(tools.map(({ name }) => name)), changed), changed)
  const told = legalMedia(ordered, { shown, inToolResults: rules.mediaInToolResults }, changed)
  const legal = inTurns(told, changed).map((message) => filled(message, rules, changed))
  return { messages: legal, changed: [...changed].sort() }
}

type AssistantMessage = Extract<Message, { role: 'assistant' }>
type ToolMessage = Extract<Message, { role: 'tool' }>

const legalAssistant = (
  rules: HistoryRules,
  declared: ReadonlySet<string>,
  changed: Set<string>,
): ((message: AssistantMessage) => AssistantMessage | undefined) => {
  const nameOf = legalNames([...declared])
  const idOf = legalIds(rules.callId)
  const isOwnId = (id: string, next: AssistantPart | undefined): boolean => next?.type === 'opaque' && rules.ownId?.(next.content) === id
  const legalCall = (call: ToolCallPart, next: AssistantPart | undefined): ToolCallPart => {
    const legal = {
      ...call,
      id: idOf(call.id, isOwnId(call.id, next)),
      name: nameOf(call.name),
      argumentsText: legalArguments(call.argumentsText),
    }
    if (legal.id !== call.id) changed.add('toolCallIds')
    if (legal.name !== call.name) changed.add('toolNames')
    if (legal.argumentsText !== call.argumentsText) changed.add('arguments')
    return legal
  }
  return ({ parts }) => {
    const kept = withoutBlanks(joinedTexts(withOwnOpaque(answerInWords(parts, changed), rules, changed)), changed)
    const legal = kept.map((part, index) => (part.type === 'toolCall' ? legalCall(part, kept[index + 1]) : part))
    if (legal.some(({ type }) => type !== 'opaque')) return { role: 'assistant', parts: legal }
    // What only the vendor understands belongs to a text or a call, and is refused alone.
    if (legal.length > 0) changed.add(`opaque:${rules.vendor}`)
    return undefined
  }
}

const withOwnOpaque = (parts: readonly AssistantPart[], { vendor, isOwn }: HistoryRules, changed: Set<string>): AssistantPart[] =>
  parts.filter((part) => {
    if (part.type !== 'opaque' || (part.vendor === vendor && isOwn(part.content))) return true
    changed.add(`opaque:${part.vendor}`)
    return false
  })

const joinedTexts = (parts: readonly AssistantPart[]): AssistantPart[] => {
  const joined: AssistantPart[] = []
  for (const part of parts) {
    const last = joined.at(-1)
    if (part.type === 'text' && last?.type === 'text') joined[joined.length - 1] = { type: 'text', text: last.text + part.text }
    else joined.push(part)
  }
  return joined
}

const withoutBlanks = (parts: readonly AssistantPart[], changed: Set<string>): AssistantPart[] =>
  parts.filter((part) => {
    if (part.type !== 'text' || part.text.trim() !== '') return true
    changed.add('blankTexts')
    return false
  })

/** Each call with its one result directly after it; what came between waits, and results that belong to no call go. */
const withAnsweredCalls = (
  messages: readonly Message[],
  legalOf: (message: AssistantMessage) => AssistantMessage | undefined,
  changed: Set<string>,
): Message[] => {
  const ordered: Message[] = []
  let open: OpenCalls | undefined
  for (const message of messages) {
    if (message.role === 'tool') noteResult(open, message, changed)
    else if (message.role === 'user') (open?.held ?? ordered).push(message)
    else {
      ordered.push(...closed(open, changed))
      const legal = legalOf(message)
      if (legal !== undefined) ordered.push(legal)
      open = legal && openCalls(message, legal)
    }
  }
  return [...ordered, ...closed(open, changed)]
}

interface OpenCalls {
  /** As the model wrote them. */
  readonly calls: readonly ToolCallPart[]
  readonly legal: readonly ToolCallPart[]
  readonly answers: (ToolMessage | undefined)[]
  /** What users said before all results were there. */
  readonly held: Message[]
}

const openCalls = (message: AssistantMessage, legal: AssistantMessage): OpenCalls | undefined => {
  const calls = toolCallsOf(message.parts)
  if (calls.length === 0) return undefined
  return { calls, legal: toolCallsOf(legal.parts), answers: calls.map(() => undefined), held: [] }
}

const noteResult = (open: OpenCalls | undefined, message: ToolMessage, changed: Set<string>): void => {
  const index = open === undefined ? -1 : callAnsweredBy(open, message)
  if (open === undefined || index < 0 || open.held.length > 0) changed.add('toolResults')
  if (open !== undefined && index >= 0) open.answers[index] = message
}

/** -1 for a result that belongs to no call, or to one that has its result. */
const callAnsweredBy = ({ calls, answers }: OpenCalls, { id, call }: ToolMessage): number => {
  if (call !== undefined) return calls[call]?.id === id && answers[call] === undefined ? call : -1
  return calls.findIndex((other, index) => other.id === id && answers[index] === undefined)
}

const closed = (open: OpenCalls | undefined, changed: Set<string>): Message[] => {
  if (open === undefined) return []
  if (open.answers.includes(undefined)) changed.add('toolResults')
  return [...open.legal.map((call, index) => answerTo(call, open.answers[index])), ...open.held]
}

const answerTo = ({ id, name }: ToolCallPart, answer: ToolMessage | undefined): ToolMessage => ({
  role: 'tool',
  id,
  name,
  parts: answer?.parts ?? textContent('This call was given up.'),
  isError: answer?.isError ?? true,
})

const FIRST_WORD = '(The conversation begins.)'
const LAST_WORD = 'Go on.'
const BLANK_MESSAGE = '(an empty message)'
const BLANK_RESULT = '(no output)'

/** One message a turn. Vendors refuse two in a row, a beginning by the agent, and many an end by it. */
const inTurns = (messages: readonly Message[], changed: Set<string>): Message[] => {
  const turns: Message[] = []
  const say = (message: Message): void => {
    const last = turns.at(-1)
    const joined = last && join(last, message)
    if (joined) {
      changed.add('turns')
      turns[turns.length - 1] = joined
    } else turns.push(message)
  }
  const first = messages.at(0)
  if (first?.role !== 'user') {
    changed.add('turns')
    turns.push({ role: 'user', parts: textContent(FIRST_WORD) })
  }
  messages.forEach(say)
  if (turns.at(-1)?.role === 'assistant') {
    changed.add('turns')
    turns.push({ role: 'user', parts: textContent(LAST_WORD) })
  }
  return turns
}

const join = (last: Message, next: Message): Message | undefined => {
  if (last.role === 'user' && next.role === 'user') {
    return { role: 'user', parts: joinedContent(last.parts.filter(isNotBlank), next.parts.filter(isNotBlank)) }
  }
  if (last.role !== 'assistant' || next.role !== 'assistant') return undefined
  return { role: 'assistant', parts: joinedTexts([...last.parts, { type: 'text', text: '\n\n' }, ...next.parts]) }
}

const isNotBlank = (part: ContentPart): boolean => part.type !== 'text' || part.text.trim() !== ''

/** Two texts that meet are one, with an empty line between. */
const joinedContent = (before: readonly ContentPart[], after: readonly ContentPart[]): ContentPart[] => {
  const [last, first] = [before.at(-1), after[0]]
  if (last?.type !== 'text' || first?.type !== 'text') return [...before, ...after]
  return [...before.slice(0, -1), ...textContent(`${last.text}\n\n${first.text}`), ...after.slice(1)]
}

const filled = (message: Message, { takesBlankResults }: HistoryRules, changed: Set<string>): Message => {
  if (message.role === 'assistant' || (message.parts.length > 0 && message.parts.every(isNotBlank))) return message
  const said = message.parts.filter(isNotBlank)
  if (said.length === 0 && message.role === 'tool' && takesBlankResults) return { ...message, parts: textContent(textsOf(message.parts)) }
  changed.add('blankTexts')
  if (said.length > 0) return { ...message, parts: said }
  return { ...message, parts: textContent(message.role === 'tool' ? BLANK_RESULT : BLANK_MESSAGE) }
}
