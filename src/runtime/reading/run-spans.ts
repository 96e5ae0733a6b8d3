import type { BlobStore } from '../../blobs/blob-store.ts'
import { isAppError } from '../../errors.ts'
import { decodeEvent, streamOf } from '../../events/codec.ts'
import type { RunEvent } from '../../events/envelope.ts'
import type { DataOf } from '../../events/run-events.ts'
import type { EventLog } from '../../eventlog/event-log.ts'
import { runTrace, type RunTrace } from '../../projections/traces/run-trace.ts'
import type { Span, SpanContext } from '../../projections/traces/span.ts'
import { readRun } from './run-reader.ts'

/** What a run did, as spans. */
export interface RunSpans {
  /** Those that have ended, in the order in which they did: of the run, then of each run that it has asked for. */
  readonly ended: readonly Span[]
  /** Those that have not, as of the newest event. */
  readonly open: readonly Span[]
}

export interface RunSpansOptions {
  /** UTF-16 units of each attribute that says what was said; 0 leaves those out. */
  readonly contentLength: number
  /** With the spans of runs below it. */
  readonly children: boolean
}

interface Reading {
  readonly log: EventLog
  readonly blobs: BlobStore
}

/** More runs than these stand in no picture. */
const MOST_RUNS = 1_000
const NO_PAYLOADS: ReadonlyMap<string, string> = new Map()

/** Rejects with `RunNotFound` and `RunDeleted`. */
export const spansOfRun = async (stores: Reading, runId: string, options: RunSpansOptions): Promise<RunSpans> => {
  const ended: Span[] = []
  const open: Span[] = []
  const runIds = [runId]
  for (const each of runIds) {
    try {
      const spans = await ownSpans(stores, each, options)
      ended.push(...spans.ended)
      open.push(...spans.open)
      if (options.children) runIds.push(...childrenIn([...spans.ended, ...spans.open]).slice(0, MOST_RUNS - runIds.length))
    } catch (error) {
      // A child that has not begun, or is deleted.
      if (each === runId || !(isAppError(error, 'RunNotFound') || isAppError(error, 'RunDeleted'))) throw error
    }
  }
  return { ended, open }
}

const childrenIn = (spans: readonly Span[]): string[] =>
  spans.flatMap(({ attributes }) => String(attributes['refold.child.run_id'] ?? '') || [])

const ownSpans = async (stores: Reading, runId: string, { contentLength }: RunSpansOptions): Promise<RunSpans> => {
  const ended: Span[] = []
  let trace: RunTrace | undefined
  for await (const { event } of readRun(stores, runId)) {
    trace ??= runTrace({ runId, contentLength, parent: await parentContext(stores.log, event) })
    ended.push(...trace.take(event))
  }
  return { ended, open: trace?.open() ?? [] }
}

/** The call that asked for a run, by its first event. Undefined where nobody has, or where it cannot be read any more. */
export const parentContext = (log: Pick<EventLog, 'readStream'>, first: RunEvent): Promise<SpanContext | undefined> =>
  first.type === 'RunStarted' && first.data.parent !== undefined ? callContext(log, first.data.parent) : Promise.resolve(undefined)

/** Folds the run above up to the call, since its turn says in which trace it is; that run may have a parent, too. */
const callContext = async (
  log: Pick<EventLog, 'readStream'>,
  { runId, callId }: NonNullable<DataOf<'RunStarted'>['parent']>,
): Promise<SpanContext | undefined> => {
  let trace: RunTrace | undefined
  try {
    for await (const stored of log.readStream(streamOf(runId))) {
      const event = decodeEvent(stored, NO_PAYLOADS)
      trace ??= runTrace({ runId, parent: await parentContext(log, event) })
      trace.take(event)
      const context = trace.around(callId)
      if (context !== undefined) return context
    }
  } catch (error) {
    if (!isAppError(error, 'StreamNotFound') && !isAppError(error, 'StreamDeleted')) throw error
  }
  return undefined
}
