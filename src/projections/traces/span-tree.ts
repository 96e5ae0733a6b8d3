import { duration } from '../amount-text.ts'
import { oneLine } from '../printable.ts'
import type { Span } from './span.ts'

/** What says where a span stands among others. */
type Placed = Pick<Span, 'spanId' | 'startMs' | 'endMs' | 'revision'> & { readonly parentSpanId?: string | undefined }

/** A span with those that it is around. */
export interface SpanNode<Each extends Placed = Span> {
  readonly span: Each
  readonly children: readonly SpanNode<Each>[]
}

/** Spans as trees, in the order in which they began. One whose parent is not among them stands at the top. */
export const spanTrees = <Each extends Placed>(spans: readonly Each[]): readonly SpanNode<Each>[] => {
  const ids = new Set(spans.map(({ spanId }) => spanId))
  const below = Map.groupBy(spans, ({ parentSpanId }) => (parentSpanId !== undefined && ids.has(parentSpanId) ? parentSpanId : ''))
  const nodesUnder = (spanId: string): SpanNode<Each>[] =>
    (below.get(spanId) ?? []).toSorted(byBegin).map((span) => ({ span, children: nodesUnder(span.spanId) }))
  return nodesUnder('')
}

const byBegin = (one: Placed, other: Placed): number =>
  one.startMs - other.startMs || one.revision - other.revision || one.endMs - other.endMs

const LONGEST_LINE = 200

/** One line a span. */
export const treeLines = (spans: readonly Span[]): string[] => spanTrees(spans).flatMap((node) => linesOf(node, '', ''))

const linesOf = ({ span, children }: SpanNode, indent: string, branch: string): string[] => [
  oneLine(`${indent}${branch}${wordsOf(span)}`, LONGEST_LINE),
  ...children.flatMap((child, at) => {
    const isLast = at === children.length - 1
    const under = branch === '' ? indent : `${indent}${branch.startsWith('└') ? '   ' : '│  '}`
    return linesOf(child, under, isLast ? '└─ ' : '├─ ')
  }),
]

/** As `chat claude-x · 1.2 s · 120 in, 30 out`. */
const wordsOf = (span: Span): string =>
  [span.name, duration(span.endMs - span.startMs), tokensOf(span), outcomeOf(span), attemptsOf(span)]
    .filter((words) => words !== '')
    .join(' · ')

const tokensOf = ({ attributes }: Span): string => {
  const input = attributes['gen_ai.usage.input_tokens']
  return input === undefined ? '' : `${String(input)} in, ${String(attributes['gen_ai.usage.output_tokens'])} out`
}

const OUTCOMES = [
  'refold.turn.outcome',
  'refold.run.status',
  'refold.guardrail.verdict',
  'refold.approval.decision',
  'refold.outcome',
] as const

const outcomeOf = ({ attributes, error }: Span): string => {
  const outcome = OUTCOMES.map((name) => attributes[name]).find((value) => value !== undefined)
  if (error === undefined) return outcome === undefined ? '' : String(outcome)
  return `error: ${error}`
}

const attemptsOf = ({ events }: Span): string => {
  const failed = events.filter(({ name }) => name === 'refold.attempt.failed').length
  if (failed === 0) return ''
  return failed === 1 ? '1 attempt failed' : `${failed} attempts failed`
}
