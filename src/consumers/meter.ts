import { pauseFor } from '../bus/backoff.ts'
import type { Clock } from '../clock.ts'
import { messageOf } from '../errors.ts'
import type { EventLog } from '../eventlog/event-log.ts'
import { addedTo, type Total } from '../projections/metrics/metric-totals.ts'
import { measurementsOf, type Measurement } from '../projections/metrics/span-measurements.ts'
import type { Span } from '../projections/traces/span.ts'
import { identityOf } from './log-identity.ts'
import { readMetricStanding, writeMetricStanding, type MetricStanding } from './metric-standing.ts'

// Counts what the spans of all runs say in numbers, and sends the totals from time to time.
//
//   METER1. A span is counted once, by whomever and however often it is read: totals and place move in one append, on the totals before it.
//   METER2. What is sent is what the log says, under a time of its own and later than the one before: whoever reads it never sees a total go down.
//   METER3. A back end that is away is told the next time: the totals hold everything.

/** Totals at a time. */
export interface Metrics {
  readonly since: number
  /** ms since the epoch, behind `since`. */
  readonly at: number
  readonly totals: readonly Total[]
}

/** `unwanted`: no metrics are taken there at all. */
export type MetricsSent = { readonly outcome: 'taken' } | { readonly outcome: 'unwanted' | 'away'; readonly message: string }

export interface EndedSpan {
  readonly position: number
  readonly span: Span
}

export interface MeterOptions {
  readonly log: EventLog
  readonly clock: Clock
  readonly uuid: () => string
  readonly sendMetrics: (metrics: Metrics) => Promise<MetricsSent>
  readonly notify: (notice: { readonly type: 'metricsDelayed' | 'metricsUnwanted'; readonly message: string }) => void
}

export interface Meter {
  /** Up to here everything is counted, by this process or by another one. Rejects with what the log says. */
  place(): Promise<number>
  /** Spans of all events up to the position, in the order of the log; those that are counted already are passed over. */
  take(ended: readonly EndedSpan[], position: number): Promise<void>
  /** Sends from time to time, until the signal. Never rejects. */
  run(signal: AbortSignal): Promise<void>
  /** What was counted by now, unless somebody has sent so lately. Rejects with what the log says. */
  send(soonestMs?: number): Promise<void>
}

const EVERY_MS = 60_000
/** Totals that stay as they are are said again before those who read them forget them, which Prometheus does after 5 minutes. */
const AGAIN_AFTER_MS = 240_000
/** Kept in the log once there are so many, and with each sending. */
const MOST_PENDING = 20_000

interface Pending extends Measurement {
  readonly position: number
}

export const createMeter = ({ log, clock, uuid, sendMetrics, notify }: MeterOptions): Meter => {
  /** Behind what the log has. */
  let pending: Pending[] = []
  let countedTo = 0
  let hasFailed = false
  let isUnwanted = false
  const keep = async (sentAt?: number): Promise<MetricStanding> => {
    for (;;) {
      const newest = await readMetricStanding(log)
      const { id } = await identityOf(log)
      const measurements = pending.filter(({ position }) => position > newest.position)
      const next = grown(newest, { measurements, countedTo, logId: id, now: clock.now(), sentAt })
      const written = await writeMetricStanding({ log, uuid }, next)
      if (written === undefined) continue
      pending = pending.filter(({ position }) => position > written.position)
      return written
    }
  }
  /** Undefined where there is nothing to say by now. */
  const due = async (soonestMs: number): Promise<Metrics | undefined> => {
    const newest = await readMetricStanding(log)
    const age = Math.max(0, clock.now() - newest.sentAt)
    const isNew = hasFailed || Math.max(newest.position, countedTo) > newest.sentPosition
    if (age < (isNew ? soonestMs : AGAIN_AFTER_MS)) return undefined
    const { since, sentAt, totals } = await keep(clock.now())
    return totals.length === 0 ? undefined : { since, at: sentAt, totals }
  }

  const meter: Meter = {
    async place() {
      return (countedTo = Math.max(countedTo, (await readMetricStanding(log)).position))
    },
    async take(ended, position) {
      for (const each of ended)
        if (each.position > countedTo)
          for (const measurement of measurementsOf(each.span)) pending.push({ ...measurement, position: each.position })
      countedTo = Math.max(countedTo, position)
      if (pending.length >= MOST_PENDING) await keep()
    },
    async send(soonestMs = 0) {
      const metrics = await due(soonestMs)
      if (metrics === undefined || isUnwanted) return
      const sent = await sendMetrics(metrics)
      hasFailed = sent.outcome === 'away'
      isUnwanted = sent.outcome === 'unwanted'
      if (sent.outcome !== 'taken') notify({ type: isUnwanted ? 'metricsUnwanted' : 'metricsDelayed', message: sent.message })
    },
    async run(signal) {
      for (;;) {
        await pauseFor(clock, EVERY_MS, signal)
        if (signal.aborted) return
        await meter.send(EVERY_MS / 2).catch((error: unknown) => {
          notify({ type: 'metricsDelayed', message: messageOf(error) })
        })
      }
    },
  }
  return meter
}

interface Growth {
  readonly measurements: readonly Measurement[]
  readonly countedTo: number
  readonly logId: string
  readonly now: number
  /** Undefined where they are only kept. */
  readonly sentAt: number | undefined
}

const grown = (newest: MetricStanding, { measurements, countedTo, logId, now, sentAt }: Growth): MetricStanding => {
  // In an older copy that was restored the totals would go down: they begin again.
  const isRestored = newest.logId !== '' && newest.logId !== logId
  const begun = newest.revision < 0 || isRestored ? { since: now, totals: [] } : newest
  const position = Math.max(newest.position, countedTo)
  return {
    revision: newest.revision,
    position,
    logId,
    since: begun.since,
    totals: addedTo(begun.totals, measurements),
    sentAt: sentAt === undefined ? newest.sentAt : Math.max(sentAt, newest.sentAt + 1, begun.since + 1),
    sentPosition: sentAt === undefined ? newest.sentPosition : position,
  }
}
