// How many spans a second of processor time become of recorded runs: their stored events decoded, folded and written as OTLP, by one thread.
// Run: npm exec -- node --conditions=refold:source bench/span-rate.ts
import { systemClock } from '../src/clock.ts'
import { streamOf } from '../src/events/codec.ts'
import type { StoredEvent } from '../src/eventlog/event-log.ts'
import { runTraces } from '../src/consumers/run-traces.ts'
import { encodeSpans } from '../src/otlp/otlp-spans.ts'
import type { Span } from '../src/projections/traces/span.ts'
import { alternate, spreadOf } from './rounds.ts'
import { inTemporaryFolder, openWorkshop } from './workshop.ts'

const RUNS = 20
const TURNS = 40
/** As in one request of the tracer. */
const MOST_SPANS = 512

await inTemporaryFolder(undefined, async (folder) => {
  const workshop = await openWorkshop(folder)
  const { log } = workshop.refold
  const stored: StoredEvent[] = []
  for (const { runId } of await workshop.readAll(RUNS, TURNS)) stored.push(...(await Array.fromAsync(log.readStream(streamOf(runId)))))

  const folded = async (contentLength: number): Promise<Span[]> => {
    const traces = runTraces({
      log,
      clock: systemClock,
      contentLength,
      unreadable: (runId, reason) => {
        throw new Error(`${runId}: ${reason}`)
      },
    })
    const spans: Span[] = []
    for (const event of stored) spans.push(...(await traces.take(event)))
    return spans
  }
  const rate = async (contentLength: number): Promise<number> => {
    const began = process.cpuUsage()
    const spans = await folded(contentLength)
    for (let at = 0; at < spans.length; at += MOST_SPANS)
      await encodeSpans(spans.slice(at, at + MOST_SPANS), { protocol: 'http/protobuf', resource: { 'service.name': 'bench' }, secrets: [] })
    const { user, system } = process.cpuUsage(began)
    return (spans.length / (user + system)) * 1_000_000
  }
  const rates = await alternate({ least: 5, most: 25, withinMs: 8_000 }, { without: () => rate(0), withContent: () => rate(8_192) })
  const words = (values: readonly number[]): string => {
    const { median, min, max } = spreadOf(values)
    return `${Math.round(median)} spans/s (${Math.round(min)} to ${Math.round(max)})`
  }
  console.log(`${stored.length} events, ${(await folded(0)).length} spans`)
  console.log(`without content: ${words(rates.without)}`)
  console.log(`with content:    ${words(rates.withContent)}`)
  await workshop.close()
})
