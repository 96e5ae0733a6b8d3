// The metrics of the GenAI conventions 0.1.0, and what they have no name for, which begins with `refold.`.
// `gen_ai.client.token.usage` is of the conventions before them: what dashboards read for tokens by now.

export interface Instrument {
  readonly kind: 'counter' | 'histogram'
  /** In UCUM. */
  readonly unit: string
  readonly description: string
  /** Whether its values are whole numbers. */
  readonly isWhole: boolean
  /** Upper bounds of the buckets of a histogram, ascending; one more bucket is above the last. Empty for a counter. */
  readonly bounds: readonly number[]
}

const powers = (first: number, factor: number, count: number): number[] =>
  Array.from({ length: count }, (_, at) => Math.round(first * factor ** at * 1_000) / 1_000)

const CALL_SECONDS = powers(0.01, 2, 14)
const TURN_SECONDS = powers(0.1, 2, 13)
const TOKENS = powers(1, 4, 14)
const CALLS = powers(1, 2, 8)

const seconds = (description: string, bounds: readonly number[]): Instrument => ({
  kind: 'histogram',
  unit: 's',
  description,
  isWhole: false,
  bounds,
})

const amounts = (description: string, unit: string, bounds: readonly number[]): Instrument => ({
  kind: 'histogram',
  unit,
  description,
  isWhole: true,
  bounds,
})

const counter = (description: string, unit = '{token}'): Instrument => ({ kind: 'counter', unit, description, isWhole: true, bounds: [] })

export const instruments = {
  'gen_ai.client.inference.duration': seconds('How long model calls took, with all attempts', CALL_SECONDS),
  'gen_ai.client.operation.duration': seconds('How long model calls took, with all attempts', CALL_SECONDS),
  'gen_ai.client.inference.usage.input_tokens': counter('Tokens of prompts, with those from a cache'),
  'gen_ai.client.inference.usage.output_tokens': counter('Tokens of answers, with those of reasoning'),
  'gen_ai.client.inference.usage.cache_read.input_tokens': counter('Tokens of prompts that a cache had'),
  'gen_ai.client.inference.usage.cache_write.input_tokens': counter('Tokens of prompts that a cache has kept'),
  'gen_ai.client.inference.usage.reasoning.output_tokens': counter('Tokens of answers that were reasoning'),
  'gen_ai.client.inference.operation.input_tokens': amounts('Tokens of the prompt of a model call', '{token}', TOKENS),
  'gen_ai.client.inference.operation.output_tokens': amounts('Tokens of the answer of a model call', '{token}', TOKENS),
  'gen_ai.client.token.usage': amounts('Tokens of a model call, by gen_ai.token.type', '{token}', TOKENS),
  'gen_ai.invoke_agent.duration': seconds('How long turns took, from the message to the answer', TURN_SECONDS),
  'gen_ai.invoke_agent.inference_calls': amounts('Model calls of a turn', '{inference_call}', CALLS),
  'gen_ai.invoke_agent.tool_calls': amounts('Tool calls of a turn', '{tool_call}', CALLS),
  'gen_ai.execute_tool.duration': seconds('How long tool calls took, with all attempts', CALL_SECONDS),
  'refold.inference.cost': counter('What model calls cost, in millionths of a US dollar', '{micro_usd}'),
} as const satisfies Readonly<Record<string, Instrument>>

export type MetricName = keyof typeof instruments

export const metricNames = Object.keys(instruments) as MetricName[]
