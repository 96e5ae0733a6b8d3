import { performance } from 'node:perf_hooks'
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Clock } from '../clock.ts'
import { askedSeldom } from '../web/seldom.ts'
import { answersWithin } from './readiness.ts'

/** What a process tells Prometheus of itself. No name of a run, tenant or person is among it. */
export interface ProcessMetrics {
  /** `text/plain` of the exposition format. */
  readonly contentType: string
  /** All of them, as of now. */
  text(): Promise<string>
  /** A number that something else counts up, read when it is asked for. */
  counted(name: string, help: string, read: () => number): void
  /** The same, by one label. */
  countedBy(name: string, help: string, label: string, read: () => Readonly<Record<string, number>>): void
  /** A number that goes up and down, read every few seconds at most. Where it cannot be read, or not soon enough, it is NaN. */
  measured(name: string, help: string, read: () => number | Promise<number>): void
  /** The same for each of these values of one label, of one look. */
  measuredBy<Value extends string>(
    name: string,
    help: string,
    by: { readonly label: string; readonly values: readonly Value[] },
    read: () => Promise<Readonly<Record<Value, number>>>,
  ): void
  /** A histogram of times, which is told of each by the function that is returned. */
  timed<Label extends string>(name: string, help: string, labels: readonly Label[]): Timed<Label>
}

export type Timed<Label extends string> = (labels: Readonly<Record<Label, string | number>>, seconds: number) => void

/** With those of the process itself: CPU, memory, event loop. */
export const processMetrics = (clock: Clock): ProcessMetrics => {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const metrics: ProcessMetrics = {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    ...counters([registry]),
    ...gauges([registry], clock),
    timed(name, help, labels) {
      const histogram = new Histogram({ name, help, registers: [registry], labelNames: [...labels], buckets: [...BUCKETS] })
      return (given, seconds) => {
        histogram.observe(given, seconds)
      }
    },
  }
  metrics.counted('refold_event_loop_busy_seconds_total', 'How long the event loop had something to do', () => {
    return performance.eventLoopUtilization().active / 1_000
  })
  return metrics
}

const counters = (registers: Registry[]): Pick<ProcessMetrics, 'counted' | 'countedBy'> => ({
  counted(name, help, read) {
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset()
        this.inc(read())
      },
    })
  },
  countedBy(name, help, label, read) {
    new Counter({
      name,
      help,
      registers,
      labelNames: [label],
      collect() {
        this.reset()
        for (const [value, count] of Object.entries(read())) this.inc({ [label]: value }, count)
      },
    })
  },
})

/** A server that is away must not keep Prometheus waiting for what the other numbers say. */
const gauges = (registers: Registry[], clock: Clock): Pick<ProcessMetrics, 'measured' | 'measuredBy'> => ({
  measured(name, help, read) {
    const measure = seldom(clock, async () => read())
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        const value = await measure().catch(() => Number.NaN)
        this.set(value)
      },
    })
  },
  measuredBy(name, help, { label, values }, read) {
    const measure = seldom(clock, read)
    new Gauge({
      name,
      help,
      registers,
      labelNames: [label],
      async collect() {
        const found = await measure().catch(() => undefined)
        for (const value of values) this.set({ [label]: value }, found?.[value] ?? Number.NaN)
      },
    })
  },
})

const SOON_MS = 2_000
const FRESH_MS = 3_000
/** In seconds. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

const seldom = <Answer>(clock: Clock, read: () => Promise<Answer>): (() => Promise<Answer>) =>
  askedSeldom(clock, FRESH_MS, () => answersWithin(clock, SOON_MS, read))
