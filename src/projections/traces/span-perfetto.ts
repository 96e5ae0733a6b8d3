import { jsonText } from '../../json.ts'
import type { Span } from './span.ts'
import { spanTrees, type SpanNode } from './span-tree.ts'

// The Trace Event Format, which Perfetto, chrome://tracing and Speedscope read: https://ui.perfetto.dev opens such a file.

interface TraceEvent {
  readonly name: string
  readonly cat: string
  /** `X` is a span, `i` an instant, `M` says what a process or thread is called. */
  readonly ph: 'X' | 'i' | 'M'
  /** Microseconds. */
  readonly ts: number
  readonly dur?: number
  readonly pid: number
  readonly tid: number
  readonly s?: 't'
  readonly args: Readonly<Record<string, unknown>>
}

/** A JSON text: each run a process, each turn a thread, and spans that overlap on threads of their own beside it. */
export const traceEventsText = (spans: readonly Span[]): string => {
  const runs = [...new Set(spans.map(({ runId }) => runId))]
  const ofRuns = runs.map((name, at): TraceEvent => ({
    name: 'process_name',
    cat: '',
    ph: 'M',
    ts: 0,
    pid: at + 1,
    tid: 0,
    args: { name },
  }))
  const lanes: number[] = []
  const events = spanTrees(spans).flatMap((node) => eventsOf(node, runs, lanes))
  return `${jsonText({ traceEvents: [...ofRuns, ...events], displayTimeUnit: 'ms' })}\n`
}

/** A child that begins before the one beside it has ended takes another lane. */
const eventsOf = (node: SpanNode, runs: readonly string[], lanes: number[], lane = freeLane(node.span, lanes, 0)): TraceEvent[] => {
  lanes[lane] = Math.max(lanes[lane] ?? 0, node.span.endMs)
  const ends: number[] = []
  const children = node.children.flatMap((child) => {
    const beside = freeLane(child.span, ends, 0)
    ends[beside] = child.span.endMs
    return eventsOf(child, runs, lanes, beside === 0 ? lane : freeLane(child.span, lanes, lane + 1))
  })
  return [...ownEvents(node.span, runs.indexOf(node.span.runId) + 1, lane), ...children]
}

const freeLane = ({ startMs }: Span, ends: readonly number[], from: number): number => {
  const found = ends.findIndex((end, at) => at >= from && end <= startMs)
  return found < 0 ? Math.max(from, ends.length) : found
}

const ownEvents = (span: Span, pid: number, tid: number): TraceEvent[] => {
  const { name, kind: cat, startMs, endMs, attributes, error, traceId, spanId } = span
  const at = { pid, tid, cat }
  return [
    {
      name,
      ph: 'X',
      ts: startMs * 1_000,
      dur: (endMs - startMs) * 1_000,
      ...at,
      args: { ...attributes, ...span.content, error, traceId, spanId },
    },
    ...span.events.map((event): TraceEvent => ({
      name: event.name,
      ph: 'i',
      ts: event.atMs * 1_000,
      s: 't',
      ...at,
      args: event.attributes,
    })),
  ]
}
