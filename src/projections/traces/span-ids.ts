import { sha256 } from '../../hash.ts'
import type { SpanContext } from './span.ts'

// Ids come from the log: the same span has the same ids whoever makes it, however often and whenever.

/** Where a span begins. */
export interface SpanPlace {
  readonly runId: string
  readonly revision: number
  /** Of the restore after which the run goes on, since its revisions have been given once before; '' where there was none. */
  readonly restoreId: string
}

const TRACE_DIGITS = 32
const SPAN_DIGITS = 16

const digits = (kind: string, { runId, revision, restoreId }: SpanPlace, key: string, length: number): string =>
  sha256(JSON.stringify([kind, runId, revision, restoreId, key])).slice(0, length)

/** Of the trace that begins with a turn. */
export const traceIdAt = (place: SpanPlace): string => digits('trace', place, '', TRACE_DIGITS)

/** `key` tells the spans that begin at one event. */
export const spanIdAt = (place: SpanPlace, key: string): string => digits('span', place, key, SPAN_DIGITS)

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/

/** Of a header of W3C Trace Context. Undefined for what is none. */
export const contextIn = (traceparent: string | undefined): SpanContext | undefined => {
  const [, traceId = '', spanId = ''] = TRACEPARENT.exec(traceparent ?? '') ?? []
  return /[1-9a-f]/.test(traceId) && /[1-9a-f]/.test(spanId) ? { traceId, spanId } : undefined
}
