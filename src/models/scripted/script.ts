import type { ModelFailureClass, Usage } from '../../events/message.ts'
import { canonicalJson, type JsonObject } from '../../json.ts'
import type { ModelFailure, ModelOutcome, ModelRequest } from '../model.ts'

/** `argumentsText` is what the model wrote: text, so that a script can also write what is no JSON. */
export interface ScriptedToolCall {
  readonly name: string
  readonly argumentsText: string
  /** Left out, the scripted model numbers the calls of the conversation: `call_1`, `call_2`, … */
  readonly id?: string | undefined
}

export interface ScriptedAnswer {
  readonly ok: true
  readonly text: string
  readonly toolCalls: readonly ScriptedToolCall[]
  /** Left out, it is estimated from the lengths of prompt and answer. */
  readonly usage?: Usage | undefined
}

export type ScriptedOutcome = ScriptedAnswer | ModelOutcome

/** The outcomes in order, or what to answer to a request; the first call of a model is number 1. */
export type ModelScript = readonly ScriptedOutcome[] | ((request: ModelRequest, callNumber: number) => ScriptedOutcome)

/** The model answers with a text. */
export const answer = (text: string, usage?: Usage): ScriptedAnswer => ({
  ok: true,
  text,
  toolCalls: [],
  ...(usage && { usage }),
})

export interface WantedToolCall {
  readonly name: string
  readonly arguments: JsonObject
  readonly id?: string | undefined
}

/** The model asks for tools, after some words if `text` is given. */
export const toolCalls = (calls: readonly WantedToolCall[], text = ''): ScriptedAnswer => ({
  ok: true,
  text,
  toolCalls: calls.map(({ arguments: wanted, ...call }) => ({ ...call, argumentsText: canonicalJson(wanted) })),
})

/** The call fails as a real one of this class would. `facts` are the status, the wait and the rest, where a test needs them. */
export const failure = (failureClass: ModelFailureClass, facts: Partial<Omit<ModelFailure, 'ok' | 'class'>> = {}): ModelFailure => ({
  ok: false,
  class: failureClass,
  message: `scripted ${failureClass}`,
  ...facts,
})
