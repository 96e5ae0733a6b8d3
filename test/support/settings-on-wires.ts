import type { Json, JsonObject } from '../../src/json.ts'
import type { RequestSettings } from '../../src/models/model.ts'

/** How one wire writes what a model is asked beside its prompt. */
interface AskedOnWire {
  readonly choices: Readonly<Record<'auto' | 'required' | 'none' | 'find', Json>>
  /** Where a tool has to be called. */
  readonly oneCallAtATime: JsonObject
  readonly settings: RequestSettings
  readonly fields: JsonObject
  /** What stands in no request of it. */
  readonly absent: readonly string[]
  readonly dropped: readonly string[]
  readonly options: JsonObject
  readonly withOptions: JsonObject
}

const settings: RequestSettings = {
  maxOutputTokens: 4_000,
  temperature: 0.2,
  topP: 0.9,
  seed: 7,
  stopSequences: ['END', '###'],
  reasoningEffort: 'xhigh',
  thinking: { budgetTokens: 2_048 },
}

const WIRES: Readonly<Record<string, AskedOnWire>> = {
  '/v1/chat/completions': {
    choices: { auto: 'auto', required: 'required', none: 'none', find: { type: 'function', function: { name: 'find' } } },
    oneCallAtATime: { tool_choice: 'required', parallel_tool_calls: false },
    settings,
    fields: { max_tokens: 4_000, temperature: 0.2, top_p: 0.9, seed: 7, stop: ['END', '###'], reasoning_effort: 'xhigh' },
    absent: ['thinking'],
    dropped: ['thinking'],
    options: { service_tier: 'flex', chat_template_kwargs: { enable_thinking: false }, temperature: 0.3 },
    withOptions: { service_tier: 'flex', chat_template_kwargs: { enable_thinking: false }, temperature: 0.3 },
  },
  '/v1/responses': {
    choices: { auto: 'auto', required: 'required', none: 'none', find: { type: 'function', name: 'find' } },
    oneCallAtATime: { tool_choice: 'required', parallel_tool_calls: false },
    settings,
    fields: { max_output_tokens: 4_000, temperature: 0.2, top_p: 0.9, reasoning: { effort: 'xhigh' } },
    absent: ['seed', 'stop', 'thinking'],
    dropped: ['seed', 'stopSequences', 'thinking'],
    options: { service_tier: 'flex', reasoning: { summary: 'auto' }, text: { verbosity: 'low' } },
    withOptions: { service_tier: 'flex', reasoning: { effort: 'xhigh', summary: 'auto' }, text: { verbosity: 'low' } },
  },
  '/v1/messages': {
    choices: { auto: { type: 'auto' }, required: { type: 'any' }, none: { type: 'none' }, find: { type: 'tool', name: 'find' } },
    oneCallAtATime: { tool_choice: { type: 'any', disable_parallel_tool_use: true } },
    settings,
    fields: {
      max_tokens: 4_000,
      stop_sequences: ['END', '###'],
      thinking: { type: 'enabled', budget_tokens: 2_048 },
      output_config: { effort: 'xhigh' },
    },
    absent: ['temperature', 'top_p', 'seed'],
    dropped: ['temperature', 'topP', 'seed'],
    options: { service_tier: 'standard_only', metadata: { user_id: 'u-1' }, cache_control: { type: 'ephemeral', ttl: '1h' } },
    withOptions: { service_tier: 'standard_only', metadata: { user_id: 'u-1' }, cache_control: { type: 'ephemeral', ttl: '1h' } },
  },
}

export const askedOf = (path: string): AskedOnWire => {
  const written = WIRES[path]
  if (written === undefined) throw new Error(`nobody has said how ${path} is asked`)
  return written
}
