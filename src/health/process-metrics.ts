import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client'
import type { Clock } from '../clock.ts'
import { askedSeldom } from '../runtime/seldom.ts'
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
}

/** With those of the process itself: CPU, memory, event loop. */
export const processMetrics = (clock: Clock): ProcessMetrics => {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
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
    measured(name, help, read) {
      const measure = askedSeldom(clock, FRESH_MS, () => answersWithin(clock, SOON_MS, async () => read()))
      new Gauge({
        name,
        help,
        registers,
        async collect() {
          // A server that is away must not keep Prometheus waiting for what the other numbers say.
          const value = await measure().catch(() => Number.NaN)
          this.set(value)
        },
      })
    },
  }
}

const SOON_MS = 2_000
const FRESH_MS = 3_000
