import { backoffMs, pauseFor } from '../bus/backoff.ts'
import type { Clock } from '../clock.ts'
import { RUN_STREAM_PREFIX } from '../events/codec.ts'
import type { EventLog, StoredEvent, SubscriptionItem } from '../eventlog/event-log.ts'
import type { Span } from '../projections/traces/span.ts'
import { gathered, nextTurn, storedLength } from './batches.ts'
import { keepRunning } from './kept-running.ts'
import { logLag, type LogLag } from './log-lag.ts'
import { createMeter, type EndedSpan, type MeterOptions } from './meter.ts'
import { runTraces, type RunTraces } from './run-traces.ts'
import { readTraceStanding, writeTraceStanding, type TraceStanding } from './trace-standing.ts'

// Exports the traces of all runs of a log.
//
//   TRACE1. The place in the log names an event up to which every span is exported: it moves once the back end has taken them.
//   TRACE2. A batch is claimed before it is sent, so that several processes export each span once, and one that dies repeats a batch at most.
//   TRACE3. Nothing waits for it: a back end that is away is waited for here, with two batches in memory.
//   TRACE4. What cannot be read, or is refused for good, is told of and left out; everything else goes on.

export type TracerNotice =
  /** The same spans are sent again later. */
  | { readonly type: 'tracesDelayed'; readonly message: string }
  /** The back end does not want them. */
  | { readonly type: 'spansRefused'; readonly spans: number; readonly message: string }
  | { readonly type: 'runNotTraced'; readonly runId: string; readonly message: string }
  /** Totals that were not taken: the next ones hold them. */
  | { readonly type: 'metricsDelayed'; readonly message: string }
  /** Nobody takes metrics there; said once. */
  | { readonly type: 'metricsUnwanted'; readonly message: string }

/** What a back end makes of spans. `refused`: it would refuse them again. */
export type Exported =
  | { readonly outcome: 'taken'; readonly refused: number; readonly message?: string }
  | { readonly outcome: 'refused'; readonly message: string }
  | { readonly outcome: 'away'; readonly message: string; readonly retryAfterMs?: number }

export interface TracerOptions {
  readonly log: EventLog
  readonly clock: Clock
  readonly owner: string
  readonly uuid: () => string
  readonly contentLength: number
  /** Takes its time by itself. A request that is under way is not cut off when the tracer is told to end: its spans would be sent twice. */
  readonly exportSpans: (spans: readonly Span[]) => Promise<Exported>
  /** Undefined where no metrics are wanted. */
  readonly sendMetrics?: MeterOptions['sendMetrics'] | undefined
  readonly notify: (notice: TracerNotice) => void
}

export interface TracerCounts {
  /** Since it was started. */
  readonly spans: number
  readonly refused: number
}

export interface Tracer {
  /** Until the signal. What passes is tried again. Rejects with what does not. */
  run(signal: AbortSignal): Promise<void>
  /** Exports what has ended by now; what the back end does not take at once is left for the next time. Not beside `run`. */
  catchUp(signal: AbortSignal): Promise<void>
  lag(): Promise<LogLag>
  counts(): TracerCounts
}

const BATCH_EVENTS = 250
const BATCH_LENGTH = 900_000
const MOST_SPANS = 512
const LEASE_MS = 60_000
const LOOK_AGAIN_MS = 1_000
/** How often the place moves where no span has ended. */
const PASSED_EVERY_MS = 10_000
const RUNS = { streamPrefix: RUN_STREAM_PREFIX }

type TracerEvent = Exclude<SubscriptionItem, { readonly kind: 'caughtUp' }>

export const createTracer = (options: TracerOptions): Tracer => {
  const { log, clock, contentLength, notify, sendMetrics } = options
  const meter = sendMetrics === undefined ? undefined : createMeter({ ...options, sendMetrics })
  const counts = { spans: 0, refused: 0 }
  let standing: TraceStanding | undefined
  const unreadable = (runId: string, message: string): void => {
    notify({ type: 'runNotTraced', runId, message })
  }

  const carry = async (items: AsyncIterable<SubscriptionItem>, signal: AbortSignal, isPatient: boolean): Promise<void> => {
    const traces = runTraces({ log, clock, contentLength, unreadable })
    let saidAt = clock.now()
    for await (const batch of gathered(withoutMarks(items), { items: BATCH_EVENTS, bytes: BATCH_LENGTH, bytesOf })) {
      const events = batch.flatMap((item) => (item.kind === 'event' ? [item.event] : []))
      const position = events.at(-1)?.position
      if (position === undefined) continue
      const ended = await endedBy(events, traces)
      await meter?.take(ended, position)
      if (ended.length > 0 || clock.now() - saidAt >= PASSED_EVERY_MS) {
        const place = { ended, position, signal, isPatient }
        const next = await exportBatch(options, counts, place)
        if (next === undefined) return
        standing = next
        saidAt = clock.now()
      }
      await nextTurn()
    }
  }

  /** What was exported but not counted when a process died is read once more. */
  const begin = async (): Promise<{ readonly after?: number }> => {
    standing = await readTraceStanding(log)
    const position = meter === undefined ? standing.position : Math.min(standing.position, await meter.place())
    return position === 0 ? {} : { after: position }
  }

  return {
    async run(signal) {
      const metering = meter?.run(signal)
      await keepRunning({
        clock,
        signal,
        place: () => standing?.position,
        delayed: (message) => {
          notify({ type: 'tracesDelayed', message })
        },
        work: async () => carry(log.subscribe({ filter: RUNS, signal, ...(await begin()) }), signal, true),
      })
      await metering
    },
    async catchUp(signal) {
      await carry(log.backlog({ filter: RUNS, signal, ...(await begin()) }), signal, false)
      await meter?.send()
    },
    lag: async () => {
      const { position } = standing ?? (await readTraceStanding(log))
      return logLag({ log, clock }, position === 0 ? undefined : position)
    },
    counts: () => ({ ...counts }),
  }
}

async function* withoutMarks(items: AsyncIterable<SubscriptionItem>): AsyncGenerator<TracerEvent, void, undefined> {
  for await (const item of items) if (item.kind !== 'caughtUp') yield item
}

const bytesOf = (item: TracerEvent): number => (item.kind === 'event' ? storedLength(item.event) : 0)

const endedBy = async (events: readonly StoredEvent[], traces: RunTraces): Promise<readonly EndedSpan[]> => {
  const ended: EndedSpan[] = []
  for (const event of events) for (const span of await traces.take(event)) ended.push({ position: event.position, span })
  return ended
}

interface Batch {
  readonly ended: readonly EndedSpan[]
  /** Of its newest event. */
  readonly position: number
  readonly signal: AbortSignal
  /** Whether a back end that is away is waited for. */
  readonly isPatient: boolean
}

type Tally = { spans: number; refused: number }

/** Resolves once the spans are exported, by whomever, and the place says so. Undefined where that has to wait. */
const exportBatch = async (options: TracerOptions, tally: Tally, batch: Batch): Promise<TraceStanding | undefined> => {
  const { log } = options
  for (let failures = 1; !batch.signal.aborted;) {
    const standing = await readTraceStanding(log)
    if (standing.position >= batch.position) return standing
    const claimed = await claim(options, standing)
    if (claimed === undefined) {
      if (!batch.isPatient) return undefined
      await pauseFor(options.clock, LOOK_AGAIN_MS, batch.signal)
      continue
    }
    // What another process has exported of it meanwhile is done.
    const spans = batch.ended.flatMap(({ position, span }) => (position > standing.position ? [span] : []))
    const failed = await exportAll(options, tally, spans)
    if (failed === undefined) return writeTraceStanding(options, claimed, { position: batch.position })
    if (!batch.signal.aborted) options.notify({ type: 'tracesDelayed', message: failed.message })
    await writeTraceStanding(options, claimed, { position: standing.position })
    if (!batch.isPatient) return undefined
    await pauseFor(options.clock, Math.max(backoffMs(failures), failed.retryAfterMs ?? 0), batch.signal)
    failures += 1
  }
  return undefined
}

/** Undefined while another process exports. */
const claim = (options: TracerOptions, standing: TraceStanding): Promise<TraceStanding | undefined> => {
  const { owner, clock } = options
  const now = clock.now()
  if (standing.claim !== undefined && standing.claim.owner !== owner && standing.claim.until > now) return Promise.resolve(undefined)
  return writeTraceStanding(options, standing, { position: standing.position, claim: { owner, until: now + LEASE_MS } })
}

interface Failed {
  readonly message: string
  readonly retryAfterMs?: number
}

/** In requests that a back end takes. What it refuses for good is halved, until it is one span that nobody wants. */
const exportAll = async (options: TracerOptions, tally: Tally, spans: readonly Span[]): Promise<Failed | undefined> => {
  for (let at = 0; at < spans.length; at += MOST_SPANS) {
    const part = spans.slice(at, at + MOST_SPANS)
    const exported = await options.exportSpans(part)
    if (exported.outcome === 'away') return exported
    if (exported.outcome === 'refused' && part.length > 1) {
      const middle = Math.ceil(part.length / 2)
      for (const half of [part.slice(0, middle), part.slice(middle)]) {
        const failed = await exportAll(options, tally, half)
        if (failed !== undefined) return failed
      }
      continue
    }
    const refused = exported.outcome === 'refused' ? part.length : exported.refused
    tally.spans += part.length - refused
    tally.refused += refused
    if (refused > 0) options.notify({ type: 'spansRefused', spans: refused, message: exported.message ?? 'without a reason' })
  }
  return undefined
}
