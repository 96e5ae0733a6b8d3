import type { Json, JsonObject } from '../../src/json.ts'
import { anthropicRequest } from '../../src/models/anthropic/request.ts'
import type { ModelRequest } from '../../src/models/model.ts'
import { chatDialect } from '../../src/models/openai/chat-dialect.ts'
import { openaiChatRequest } from '../../src/models/openai/chat-request.ts'
import { openaiResponsesRequest } from '../../src/models/openai/responses-request.ts'

/** A conversation as its server reads it, in no vendor's words. */
type Said =
  | { readonly by: 'user'; readonly text: string }
  | { readonly by: 'agent'; readonly text: string; readonly calls: readonly Call[] }
  | { readonly by: 'tool'; readonly id: string; readonly text: string }
interface Call {
  readonly id: string
  readonly name: string
  readonly input: unknown
}

interface Strict {
  readonly write: (request: ModelRequest) => { readonly body: object; readonly dropped: readonly string[] }
  readonly read: (body: JsonObject) => Said[]
  readonly callId: RegExp
}

const list = (value: Json | undefined): JsonObject[] => (Array.isArray(value) ? (value as JsonObject[]) : [])
const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '')
const called = (value: Json | undefined): { name: string; arguments: string } => value as { name: string; arguments: string }

const readChat = ({ messages }: JsonObject): Said[] =>
  list(messages).flatMap((message): Said[] => {
    switch (message['role']) {
      case 'system':
        return []
      case 'user':
        return [{ by: 'user', text: text(message['content']) }]
      case 'tool':
        return [{ by: 'tool', id: text(message['tool_call_id']), text: text(message['content']) }]
      default: {
        const calls = list(message['tool_calls']).map(({ id, function: written }) => ({
          id: text(id),
          name: called(written).name,
          input: JSON.parse(called(written).arguments) as unknown,
        }))
        return [{ by: 'agent', text: text(message['content']), calls }]
      }
    }
  })

const readMessages = ({ messages }: JsonObject): Said[] =>
  list(messages).flatMap(({ role, content }): Said[] => {
    const blocks = typeof content === 'string' ? [{ type: 'text', text: content } as JsonObject] : list(content)
    const texts = blocks.filter(({ type }) => type === 'text').map((block) => text(block['text']))
    if (texts.some((said) => said.trim() === '')) throw new Error('text content blocks must contain non-whitespace text')
    if (role === 'assistant') {
      const calls = blocks.filter(({ type }) => type === 'tool_use')
      return [{ by: 'agent', text: texts.join(''), calls: calls.map(({ id, name, input }) => ({ id: text(id), name: text(name), input })) }]
    }
    const results = blocks.filter(({ type }) => type === 'tool_result')
    return [
      ...results.map(({ tool_use_id: id, content: result }) => ({ by: 'tool' as const, id: text(id), text: text(result) })),
      ...texts.map((said) => ({ by: 'user' as const, text: said })),
    ]
  })

/** Consecutive items of the agent are one turn. */
const readResponses = ({ input }: JsonObject): Said[] => {
  const said: Said[] = []
  for (const item of list(input)) {
    const last = said.at(-1)
    if (item['type'] === 'function_call_output') said.push({ by: 'tool', id: text(item['call_id']), text: text(item['output']) })
    else if (item['role'] === 'user') said.push({ by: 'user', text: text(item['content']) })
    else if (item['type'] === 'function_call') {
      const call = { id: text(item['call_id']), name: text(item['name']), input: JSON.parse(text(item['arguments'])) as unknown }
      if (last?.by === 'agent') said[said.length - 1] = { ...last, calls: [...last.calls, call] }
      else said.push({ by: 'agent', text: '', calls: [call] })
    } else if (last?.by === 'agent') said[said.length - 1] = { ...last, text: last.text + text(item['content']) }
    else said.push({ by: 'agent', text: text(item['content']), calls: [] })
  }
  return said
}

const chat = (baseUrl: string | undefined, callId: RegExp): Strict => ({
  write: (request) => openaiChatRequest(request, chatDialect(baseUrl)),
  read: readChat,
  callId,
})

export const strictVendors: Readonly<Record<string, Strict>> = {
  Messages: { write: anthropicRequest, read: readMessages, callId: /^[a-zA-Z0-9_-]+$/ },
  Responses: { write: openaiResponsesRequest, read: readResponses, callId: /^[a-zA-Z0-9_-]{1,64}$/ },
  'Chat Completions': chat(undefined, /^.{1,40}$/),
  'a strict server of Chat Completions': chat('https://strict.example/v1', /^[a-zA-Z0-9_-]{1,40}$/),
  Mistral: chat('https://api.mistral.ai/v1', /^[a-zA-Z0-9]{9}$/),
}

/** Sends the conversation; throws as the strictest server of that kind would refuse it. */
export const accepted = (vendor: Strict, request: ModelRequest): { said: Said[]; dropped: readonly string[]; body: JsonObject } => {
  const { body, dropped } = vendor.write(request)
  const sent = JSON.parse(JSON.stringify(body)) as JsonObject
  if (!everyText(sent, (part) => part.isWellFormed())) throw new Error('half of a surrogate pair')
  const said = vendor.read(sent)
  refuseTurns(said)
  refuseCalls(said, vendor.callId)
  return { said, dropped, body: sent }
}

const everyText = (value: unknown, holds: (text: string) => boolean): boolean => {
  if (typeof value === 'string') return holds(value)
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([key, member]) => holds(key) && everyText(member, holds))
}

const refuseTurns = (said: readonly Said[]): void => {
  if (said[0]?.by !== 'user') throw new Error('the first message has to be of the user')
  if (said.at(-1)?.by === 'agent') throw new Error('the last message must not be of the assistant')
  for (const [index, turn] of said.entries()) {
    const before = said[index - 1]
    if (before?.by === turn.by && turn.by !== 'tool') throw new Error(`two messages of one ${turn.by} in a row`)
    if (turn.by === 'user' && turn.text.trim() === '') throw new Error('a message without text')
    if (turn.by === 'agent' && turn.text.trim() === '' && turn.calls.length === 0) throw new Error('an answer without anything')
  }
}

const refuseCalls = (said: readonly Said[], callId: RegExp): void => {
  const ids = new Set<string>()
  for (const [index, turn] of said.entries()) {
    if (turn.by === 'tool' && !said.slice(0, index).some((other) => other.by === 'agent' && other.calls.some(({ id }) => id === turn.id))) {
      throw new Error(`a result of no call: ${turn.id}`)
    }
    if (turn.by !== 'agent') continue
    for (const { id, name, input } of turn.calls) {
      if (!callId.test(id)) throw new Error(`the id of a call: ${id}`)
      if (ids.has(id)) throw new Error(`an id that repeats: ${id}`)
      ids.add(id)
      if (!/^[a-zA-Z0-9_-]{1,64}$/.test(name)) throw new Error(`the name of a tool: ${name}`)
      if (typeof input !== 'object' || input === null || Array.isArray(input)) throw new Error('arguments that are no object')
      if (!everyText(input, (part) => part.isWellFormed())) throw new Error('arguments with half of a surrogate pair')
      if (depthOf(input) > 64) throw new Error('arguments too deep')
    }
    const results = said.slice(index + 1, index + 1 + turn.calls.length)
    const answered = results.flatMap((result) => (result.by === 'tool' ? [result.id] : []))
    if (
      answered.toSorted().join() !==
      turn.calls
        .map(({ id }) => id)
        .sort()
        .join()
    )
      throw new Error('calls without their results')
  }
}

const depthOf = (value: unknown): number =>
  typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0
