import { textsOf } from '../src/events/content.ts'
import { toolCallsOf, type Message } from '../src/events/message.ts'
import type { ModelRequest } from '../src/models/model.ts'
import { answer, toolCalls, type ScriptedOutcome, type WantedToolCall } from '../src/models/scripted/script.ts'

// A user's message says what the model will do: `plan: read 1 + pay 2; note 3; say done`. What stands between two semicolons is one
// answer of the model. So a conversation is its own script, and the same prompt has the same answer in every process.

const PLAN = 'plan:'

/** What the scripted models of every scenario answer. */
export const followPlan = (request: ModelRequest): ScriptedOutcome => {
  const { part, step } = currentPart(request.messages)
  if (part.startsWith('say') || part === '') return say(request, part.slice('say'.length).trim())
  if (part === 'wrong') return answer('a text that is no JSON at all')
  if (request.toolChoice === 'none' && !part.startsWith('stubborn')) return say(request, 'no more')
  return toolCalls(
    part
      .replace('stubborn', '')
      .split('+')
      .map((call, index) => wanted(call.trim(), `c${step}_${index}`)),
  )
}

/** Where the newest plan has come to: each answer of the model since then was one part of it. */
const currentPart = (messages: readonly Message[]): { part: string; step: number } => {
  const begins = messages.findLastIndex((message) => message.role === 'user' && textsOf(message.parts).startsWith(PLAN))
  const begun = messages[begins]
  const answers = messages.slice(begins + 1).filter(({ role }) => role === 'assistant').length
  const step = messages.filter(({ role }) => role === 'assistant').length
  const text = begun?.role === 'user' ? textsOf(begun.parts).slice(PLAN.length) : ''
  return { part: (text.split(';')[answers] ?? 'say that is all').trim(), step }
}

const say = (request: ModelRequest, text: string): ScriptedOutcome =>
  answer(request.output === undefined ? `I say: ${text}` : JSON.stringify({ total: text.length }))

/** `read 7` calls a tool; `mumble` writes arguments that are no JSON; an unknown name calls a tool that does not exist. */
const wanted = (call: string, id: string): WantedToolCall => {
  const [name = '', n = '0'] = call.split(' ')
  return { id, name: name === 'mumble' ? 'read' : name, arguments: name === 'mumble' ? { what: 'n is missing' } : { n: Number(n) } }
}

/** What a vendor would refuse: a tool call without its answer right behind it, or an answer without its call. */
export const promptProblems = (messages: readonly Message[]): string[] => {
  const problems: string[] = []
  let open: string[] = []
  for (const message of messages) {
    if (message.role === 'tool') {
      if (!open.includes(message.id)) problems.push(`an answer to ${message.id}, which was not asked or is answered already`)
      open = open.filter((id) => id !== message.id)
      continue
    }
    if (open.length > 0) problems.push(`no answer to the tool calls ${open.join(', ')}`)
    open = message.role === 'assistant' ? toolCallsOf(message.parts).map(({ id }) => id) : []
  }
  if (open.length > 0) problems.push(`no answer to the tool calls ${open.join(', ')} at the end`)
  return problems
}
