// How long a dataset takes that is made of so many recorded runs, beside reading the same events from the log and no more. CPU time of one thread.
// Run: npm exec -- node --conditions=refold:source bench/dataset-rate.ts [runs]
import { datasetBuilder, datasetLines, datasetVersion } from '../src/evals/dataset.ts'
import { RUN_STREAM_PREFIX, runIdOf } from '../src/events/codec.ts'
import { addRuns } from '../src/cli/dataset-runs.ts'
import { copiedRuns } from './copied-runs.ts'
import { alternate, ratioSpread, spreadOf } from './rounds.ts'
import { inTemporaryFolder, openWorkshop } from './workshop.ts'

const RUNS = Number(process.argv[2] ?? 10_000)
const TURNS = 3
const WANTED_RUNS = 100_000

const cpuMs = async (work: () => Promise<unknown>): Promise<number> => {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}

await inTemporaryFolder(undefined, async (folder) => {
  const copies = await copiedRuns(folder, TURNS)
  const workshop = await openWorkshop(folder)
  const { refold } = workshop
  for (let run = 0; run < RUNS; run++) {
    const { stream, events } = copies.next()
    // No two have the same input.
    await refold.log.append(
      stream,
      'no-stream',
      events.map((event) =>
        event.type === 'MessageReceived' ? { ...event, data: JSON.stringify({ parts: [{ type: 'text', text: `Read ${run}` }] }) } : event,
      ),
    )
  }
  // Nothing else is to be done by this process meanwhile.
  await refold.projector.catchUp()
  const runIds = new Set<string>()
  for await (const { stream } of refold.log.readAll({ filter: { streamPrefix: RUN_STREAM_PREFIX } })) runIds.add(runIdOf(stream))
  const floor = async (): Promise<void> => {
    let events = 0
    for await (const { data } of refold.log.readAll({ filter: { streamPrefix: RUN_STREAM_PREFIX } })) events += data.length > 0 ? 1 : 0
    if (events < RUNS * copies.events) throw new Error(`expected ${RUNS * copies.events} events, found ${events}`)
  }
  const made = async (): Promise<void> => {
    const dataset = datasetBuilder({ redact: [], trainShare: undefined, mostCases: Infinity })
    const unreadable = await addRuns(refold, [...runIds], {
      of: 'run',
      dataset,
      signal: new AbortController().signal,
      onRun: () => undefined,
    })
    const cases = dataset.cases()
    if (cases.length !== RUNS || unreadable.length > 0) throw new Error(`expected ${RUNS} cases, found ${cases.length}`)
    datasetVersion(cases)
    datasetLines(cases)
  }
  const times = await alternate({ least: 2, most: 5, withinMs: 30_000 }, { floor: () => cpuMs(floor), made: () => cpuMs(made) })
  const seconds = spreadOf(times.made.map((ms) => (ms * WANTED_RUNS) / RUNS / 1_000))
  const ratio = ratioSpread(times.made, times.floor)
  console.log(`${RUNS} runs of ${copies.events} events, ${Math.round(spreadOf(times.made).median)} ms of CPU`)
  console.log(
    `a dataset of ${WANTED_RUNS} runs: ${seconds.median.toFixed(1)} s of CPU (${seconds.min.toFixed(1)} to ${seconds.max.toFixed(1)})`,
  )
  console.log(`times reading the same events: ${ratio.median.toFixed(1)} (${ratio.min.toFixed(1)} to ${ratio.max.toFixed(1)})`)
  console.log(`${Math.round(process.memoryUsage().rss / 1024 / 1024)} MiB resident`)
  await workshop.close()
})
