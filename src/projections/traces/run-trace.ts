import type { RunEvent } from '../../events/envelope.ts'
import type { RunEventType } from '../../events/run-events.ts'
import { withoutPayloads } from '../view-event.ts'
import { modelCallSpans } from './model-call-spans.ts'
import { newTrace, type OpenTrace } from './open-trace.ts'
import { scoreSpans } from './score-spans.ts'
import type { Span, SpanContext } from './span.ts'
import type { SpansOf } from './spans-of.ts'
import { toolCallSpans } from './tool-call-spans.ts'
import { beginChecks, turnSpans } from './turn-spans.ts'
import { childKey, waitingSpans } from './waiting-spans.ts'

/** The fold of a run's events into spans. */
export interface RunTrace {
  /**
   * The spans that end with the next event of the run. An event whose payloads are in the blob store may be given without them.
   * Throws for an event that no Refold has recorded.
   */
  readonly take: (event: RunEvent) => readonly Span[]
  /** Of the newest event that was taken; -1 before the first. */
  readonly revision: () => number
  /** Around the turns of the run that this call has asked for. Undefined where it is not open. */
  readonly around: (callId: string) => SpanContext | undefined
  /** Spans that have not ended, as of the newest event, those around others first. */
  readonly open: () => readonly Span[]
}

export interface RunTraceOptions {
  readonly runId: string
  /** The call that asked for the run, in the trace of another one. */
  readonly parent?: SpanContext | undefined
  /** UTF-16 units of each attribute that says what people, models and tools said; 0, none of them, by default. */
  readonly contentLength?: number | undefined
}

const all: Partial<SpansOf<RunEventType>> = { ...turnSpans, ...modelCallSpans, ...toolCallSpans, ...waitingSpans, ...scoreSpans }

export const runTrace = ({ runId, parent, contentLength = 0 }: RunTraceOptions): RunTrace => {
  const trace = newTrace(runId, parent, contentLength)
  let newest: RunEvent | undefined
  return {
    take(given) {
      const event = withoutPayloads(given)
      newest = event
      trace.ended.length = 0
      const spansOf = all[event.type] as ((trace: OpenTrace, event: RunEvent) => void) | undefined
      spansOf?.(trace, event)
      beginChecks(trace, event)
      return trace.ended.splice(0)
    },
    revision: () => newest?.revision ?? -1,
    around(callId) {
      const span = trace.spans.get(childKey(callId))
      return span && { traceId: span.traceId, spanId: span.spanId }
    },
    open: () => (trace.turn === undefined || newest === undefined ? [] : openSpans(trace, newest.meta.at)),
  }
}

const openSpans = ({ turn, spans, runId }: OpenTrace, now: number): Span[] =>
  [...(turn === undefined ? [] : [turn.root]), ...spans.values()].map((span) => ({
    ...span,
    runId,
    endMs: Math.max(span.startMs, now),
    attributes: { ...span.attributes, 'refold.outcome': 'open' },
    error: undefined,
  }))

/** All spans of a run that have ended, in the order in which they did. */
export const spansOf = (events: Iterable<RunEvent>, options: RunTraceOptions): Span[] => {
  const { take } = runTrace(options)
  return Array.from(events).flatMap((event) => [...take(event)])
}
