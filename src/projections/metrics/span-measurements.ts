import { storableBeginning } from '../bounded-text.ts'
import type { Span } from '../traces/span.ts'
import type { MetricName } from './instruments.ts'

/** By name; always in the same order for the same metric. */
export type Dimensions = Readonly<Record<string, string>>

/** One value of a metric. */
export interface Measurement {
  readonly metric: MetricName
  readonly dimensions: Dimensions
  /** In the unit of the metric; not negative. */
  readonly value: number
}

/** What a span that has ended says in numbers, as the conventions want them of such a span. */
export const measurementsOf = (span: Span): readonly Measurement[] => {
  // What a fork has from the record took no time and cost nothing.
  const source = span.attributes['refold.source']
  if (source !== undefined && source !== 'live') return []
  switch (span.attributes['gen_ai.operation.name']) {
    case 'chat':
      return ofModelCall(span)
    case 'invoke_agent':
      return ofTurn(span)
    case 'execute_tool':
      return ofToolCall(span)
    default:
      return []
  }
}

const LONGEST_DIMENSION = 100

/** Those that are there, of these attributes. */
const dimensionsOf = ({ attributes }: Span, names: readonly string[]): Record<string, string> => {
  const kept: Record<string, string> = {}
  for (const name of names) {
    const value = attributes[name]
    if (typeof value === 'string') kept[name] = value.length <= LONGEST_DIMENSION ? value : storableBeginning(value, LONGEST_DIMENSION)
  }
  return kept
}

const MODEL = ['gen_ai.operation.name', 'gen_ai.provider.name', 'gen_ai.request.model', 'gen_ai.response.model'] as const

const ofModelCall = (span: Span): Measurement[] => {
  const dimensions = dimensionsOf(span, MODEL)
  const ended = { ...dimensions, ...dimensionsOf(span, ['error.type']) }
  const value = secondsOf(span)
  return [
    { metric: 'gen_ai.client.inference.duration', dimensions: ended, value },
    { metric: 'gen_ai.client.operation.duration', dimensions: ended, value },
    ...ofUsage(span, dimensions, ended),
  ]
}

const USAGE = ['input', 'output', 'cache_read.input', 'cache_write.input', 'reasoning.output'] as const

/** Only where the provider has said how many. Which of them are of texts, pictures or sounds it says to nobody. */
const ofUsage = (span: Span, dimensions: Dimensions, ended: Dimensions): Measurement[] => {
  const used = { ...dimensions, 'gen_ai.token.modality': 'unknown' }
  const counters = USAGE.flatMap((kind): Measurement[] => {
    const value = amountIn(span, `gen_ai.usage.${kind}_tokens`)
    return value === undefined ? [] : [{ metric: `gen_ai.client.inference.usage.${kind}_tokens`, dimensions: used, value }]
  })
  const amounts = (['input', 'output'] as const).flatMap((type): Measurement[] => {
    const value = amountIn(span, `gen_ai.usage.${type}_tokens`)
    if (value === undefined) return []
    return [
      { metric: `gen_ai.client.inference.operation.${type}_tokens`, dimensions: ended, value },
      { metric: 'gen_ai.client.token.usage', dimensions: { ...dimensions, 'gen_ai.token.type': type }, value },
    ]
  })
  const cost = amountIn(span, 'refold.cost_micro_usd')
  return [...counters, ...amounts, ...(cost === undefined ? [] : [{ metric: 'refold.inference.cost' as const, dimensions, value: cost }])]
}

const ofTurn = (span: Span): Measurement[] => {
  const dimensions = dimensionsOf(span, ['gen_ai.agent.name'])
  const failed = { ...dimensions, ...dimensionsOf(span, ['error.type']) }
  const counted = (metric: MetricName, attribute: string): Measurement[] => {
    const value = amountIn(span, attribute)
    return value === undefined ? [] : [{ metric, dimensions, value }]
  }
  return [
    { metric: 'gen_ai.invoke_agent.duration', dimensions: failed, value: secondsOf(span) },
    ...counted('gen_ai.invoke_agent.inference_calls', 'refold.turn.model_calls'),
    ...counted('gen_ai.invoke_agent.tool_calls', 'refold.turn.tool_calls'),
  ]
}

/** Calls that never reached their tool: their names may be what a model has thought up. */
const NOT_EXECUTED: ReadonlySet<unknown> = new Set(['rejected', 'denied', 'repeated'])

const ofToolCall = (span: Span): Measurement[] => {
  if (NOT_EXECUTED.has(span.attributes['refold.outcome'])) return []
  const dimensions = dimensionsOf(span, ['gen_ai.tool.name', 'gen_ai.tool.type', 'error.type'])
  return [{ metric: 'gen_ai.execute_tool.duration', dimensions, value: secondsOf(span) }]
}

const secondsOf = ({ startMs, endMs }: Span): number => (endMs - startMs) / 1_000

const amountIn = ({ attributes }: Span, name: string): number | undefined => {
  const value = attributes[name]
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}
