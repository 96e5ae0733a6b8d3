import { describeMedia, isMedia, type ContentPart } from '../../events/content.ts'
import type { AssistantPart } from '../../events/message.ts'
import { jsonText } from '../../json.ts'
import { storableBeginning } from '../bounded-text.ts'

// What was said, in the shape that the conventions give to messages, as JSON texts of a bounded length.

/** A part of a message in the words of the conventions. */
type Part = Readonly<Record<string, string>>

export interface SaidMessage {
  readonly role: 'user' | 'assistant' | 'tool'
  readonly parts: readonly Part[]
}

const MOST_PARTS = 32

/** What a person said. */
export const userMessage = (parts: readonly ContentPart[]): SaidMessage => ({ role: 'user', parts: textParts(parts) })

/** What a model said, with the tools that it asked for: their arguments stand at the calls that were made of them. */
export const assistantMessage = (parts: readonly AssistantPart[]): SaidMessage => ({
  role: 'assistant',
  parts: parts.flatMap((part): Part[] => {
    if (part.type === 'toolCall') return [{ type: 'tool_call', id: part.id, name: part.name }]
    return part.type === 'opaque' ? [] : textParts([part])
  }),
})

/** What a call of a tool brought. */
export const toolMessage = (id: string, response: string): SaidMessage => ({
  role: 'tool',
  parts: [{ type: 'tool_call_response', id, response }],
})

const textParts = (parts: readonly ContentPart[]): Part[] =>
  parts.map((part) => ({ type: 'text', content: isMedia(part) ? `[${describeMedia(part)}]` : part.text }))

/** The newest of them that fit, as JSON; texts that do not are cut. About `length` UTF-16 units of texts. */
export const messagesText = (messages: readonly SaidMessage[], length: number): string => {
  let room = length
  const kept: SaidMessage[] = []
  for (const { role, parts } of messages.toReversed()) {
    if (room <= 0) break
    const bounded = parts.slice(0, MOST_PARTS).map((part) => {
      const cut = Object.fromEntries(Object.entries(part).map(([name, text]) => [name, cutTo(name === 'type' ? Infinity : room, text)]))
      room -= Object.values(cut).reduce((sum, text) => sum + text.length, 0)
      return cut
    })
    kept.unshift({ role, parts: bounded })
  }
  return jsonText(kept)
}

/** A value as a text of so many UTF-16 units at most. */
export const valueText = (value: unknown, length: number): string =>
  storableBeginning(typeof value === 'string' ? value : jsonText(value ?? null), length)

const cutTo = (room: number, text: unknown): string => storableBeginning(typeof text === 'string' ? text : '', Math.max(0, room))
