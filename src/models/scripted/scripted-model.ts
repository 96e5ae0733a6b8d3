import type { AssistantPart } from '../../events/message.ts'
import { AppError } from '../../errors.ts'
import { estimatedUsage } from '../estimated-usage.ts'
import { lastMessageExcerpt } from '../excerpt.ts'
import type { Model, ModelOutcome, ModelRequest } from '../model.ts'
import type { ModelScript, ScriptedAnswer, ScriptedOutcome } from './script.ts'

/**
 * Answers from a script and from nothing else: same script and same requests, same outcomes.
 * Rejects with `RecordingMissing` when a list has run out. A list is used up by this instance, so a run that has
 * to survive a restart takes the function form and reads from the request how far the conversation is.
 */
export const scriptedModel = (script: ModelScript): Model => {
  let callNumber = 0
  return {
    isFree: true,
    call: (request, { signal, onDelta }) =>
      new Promise((resolve) => {
        signal.throwIfAborted()
        callNumber += 1
        const scripted = typeof script === 'function' ? script(request, callNumber) : script[callNumber - 1]
        if (scripted === undefined) throw ranOut(callNumber, request)
        const outcome = outcomeOf(scripted, request)
        if (outcome.ok && onDelta) for (const text of textPieces(outcome.parts)) onDelta(text)
        resolve(outcome)
      }),
  }
}

/** An answer comes word by word, as real ones do. */
const textPieces = (parts: readonly AssistantPart[]): string[] =>
  parts.flatMap((part) => (part.type === 'text' ? part.text.split(/(?<=\s)(?=\S)/) : []))

const outcomeOf = (scripted: ScriptedOutcome, request: ModelRequest): ModelOutcome => {
  if (!scripted.ok || 'parts' in scripted) return scripted
  const parts = partsOf(scripted, request)
  return {
    ok: true,
    parts,
    stop: scripted.toolCalls.length > 0 ? 'tool_calls' : 'stop',
    usage: scripted.usage ?? estimatedUsage(request, parts),
    model: request.model,
    dropped: [],
  }
}

const partsOf = ({ text, toolCalls }: ScriptedAnswer, request: ModelRequest): AssistantPart[] => {
  const callsBefore = countCalls(request)
  return [
    ...(text === '' ? [] : [{ type: 'text' as const, text }]),
    ...toolCalls.map(({ id, name, argumentsText }, index) => ({
      type: 'toolCall' as const,
      id: id ?? `call_${callsBefore + index + 1}`,
      name,
      argumentsText,
    })),
  ]
}

/** A loop without lists, since it goes through the whole conversation at every call. */
const countCalls = ({ messages }: ModelRequest): number => {
  let count = 0
  for (const message of messages)
    if (message.role === 'assistant') for (const part of message.parts) if (part.type === 'toolCall') count += 1
  return count
}

const ranOut = (callNumber: number, request: ModelRequest): AppError =>
  new AppError(
    'RecordingMissing',
    `the script has ${callNumber - 1} answers and was asked for one more, by ${request.model} after ${lastMessageExcerpt(request)}`,
    { details: { callNumber, model: request.model } },
  )
