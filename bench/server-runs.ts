import { randomUUID } from 'node:crypto'
import { startStandIn } from '../servers/event-store/event-store-stand-in.ts'
import { startOwnPostgres } from '../servers/postgres.ts'
import { streamOf } from '../src/events/codec.ts'
import { bareClient, type BareClient } from './bare-client.ts'
import { countCalls, NO_CALLS, type CallCounts } from './counted-calls.ts'
import { stepsOf } from './reader.ts'
import { alternate, ratioSpread, spreadOf, type RoundLimits, type Spread } from './rounds.ts'
import type { ServerAddresses } from './on-servers.ts'
import { openWorkshopOn, type Workshop } from './workshop.ts'

/** Whole runs on servers: a step is one append, of a result and the claim of what follows. */
export interface ServerRuns {
  readonly runs: number
  readonly turns: number
  readonly stepsPerSecond: Spread
  readonly millisecondsEach: Spread
  /** CPU time of this process for each step, in microseconds. */
  readonly cpuMicroseconds: Spread
  /** The same events, appended by the bare client to as many streams at once, in the same round. */
  readonly bareAppendsPerSecond: Spread
  readonly bareMillisecondsEach: Spread
  readonly bareCpuMicroseconds: Spread
  /** Steps a second over appends of the bare client a second. */
  readonly shareOfBare: Spread
  /** For each step. */
  readonly callsEach: CallCounts<Spread>
}

interface Measured {
  readonly ms: number
  /** In microseconds. */
  readonly cpu: number
  readonly calls: CallCounts
}

/** Runs at once, each of so many turns, from their start to their answer. */
export const measureServerRuns = async (
  servers: ServerAddresses,
  { runs, turns }: { readonly runs: number; readonly turns: number },
  limits: RoundLimits,
): Promise<ServerRuns> => {
  const counted = countCalls()
  const workshop = await openWorkshopOn(servers)
  const client = bareClient(servers.eventStore)
  const appends = await stepEvents(workshop)
  const steps = runs * stepsOf(turns)
  const found: { readonly runs: Measured[]; readonly bare: Measured[] } = { runs: [], bare: [] }
  const measured = async (whose: keyof typeof found, work: () => Promise<unknown>): Promise<number> => {
    const before = { at: performance.now(), cpu: process.cpuUsage(), calls: counted.now() }
    await work()
    const ms = (performance.now() - before.at) / steps
    const { user, system } = process.cpuUsage(before.cpu)
    found[whose].push({ ms, cpu: (user + system) / steps, calls: eachOf(before.calls, counted.now(), steps) })
    return ms
  }
  const times = await alternate(limits, {
    bare: () => measured('bare', () => appendBare(client, appends, { streams: runs, each: stepsOf(turns) })),
    runs: () => measured('runs', () => workshop.readAll(runs, turns)),
  })
  await client.dispose()
  await workshop.close()
  counted.stop()
  // Of each the first one was to warm up.
  const [ofRuns, ofBare] = [found.runs.slice(1), found.bare.slice(1)]
  return {
    runs,
    turns,
    stepsPerSecond: spreadOf(times.runs.map((ms) => 1_000 / ms)),
    millisecondsEach: spreadOf(times.runs),
    cpuMicroseconds: spreadOf(ofRuns.map(({ cpu }) => cpu)),
    bareAppendsPerSecond: spreadOf(times.bare.map((ms) => 1_000 / ms)),
    bareMillisecondsEach: spreadOf(times.bare),
    bareCpuMicroseconds: spreadOf(ofBare.map(({ cpu }) => cpu)),
    shareOfBare: ratioSpread(times.bare, times.runs),
    callsEach: spreadsOf(ofRuns.map(({ calls }) => calls)),
  }
}

export interface WholeRuns {
  /** What they ran on. */
  readonly eventStore: string
  readonly wholeRuns: readonly ServerRuns[]
}

interface WholeRunsSubject {
  /** Of a real EventStoreDB; a stand-in is started where absent. */
  readonly eventStore: string | undefined
  readonly quick: boolean
  readonly progress: (what: string) => void
}

/** With servers of their own, of which a named EventStoreDB may be one. */
export const measureWholeRuns = async ({ eventStore, quick, progress }: WholeRunsSubject): Promise<WholeRuns> => {
  const standIn = eventStore === undefined ? await startStandIn() : undefined
  const postgres = await startOwnPostgres()
  const servers = { eventStore: eventStore ?? standIn?.connectionString ?? '', postgres: postgres.connectionString }
  try {
    const wholeRuns = await eachMeasured(servers, progress, quick ? { least: 1, most: 2, withinMs: 1_000 } : WHOLE_RUN_ROUNDS)
    return { eventStore: eventStoreName(eventStore), wholeRuns }
  } finally {
    await postgres.stop()
    await standIn?.stop()
  }
}

export const eventStoreName = (eventStore: string | undefined): string =>
  eventStore === undefined ? 'the stand-in, in memory' : 'the EventStoreDB of REFOLD_EVENTSTORE'

export const WHOLE_RUN_ROUNDS: RoundLimits = { least: 3, most: 9, withinMs: 20_000 }

const SUBJECTS = [
  { runs: 1, turns: 50 },
  { runs: 100, turns: 10 },
]

export const eachMeasured = async (
  servers: ServerAddresses,
  progress: (what: string) => void,
  limits: RoundLimits,
): Promise<ServerRuns[]> => {
  const measured: ServerRuns[] = []
  for (const subject of SUBJECTS) {
    progress(`whole runs, ${subject.runs} at once`)
    measured.push(await measureServerRuns(servers, subject, limits))
  }
  return measured
}

interface BareEvent {
  readonly type: string
  readonly contentType: 'application/json'
  readonly data: unknown
  readonly metadata: unknown
}

const TURNS_OF_SAMPLE = 10
/** The start of a run is an append of three events; from there on each append has two. */
const EVENTS_OF_START = 3

/** What the steps of a run append, two events each. */
const stepEvents = async (workshop: Workshop): Promise<readonly (readonly BareEvent[])[]> => {
  const [view] = await workshop.readAll(1, TURNS_OF_SAMPLE)
  const events: BareEvent[] = []
  for await (const { type, data, meta } of workshop.refold.log.readStream(streamOf(view?.runId ?? '')))
    events.push({ type, contentType: 'application/json', data: JSON.parse(data), metadata: JSON.parse(meta) })
  const ofLoop = events.slice(EVENTS_OF_START)
  return ofLoop.flatMap((event, index) => {
    const next = ofLoop[index + 1]
    return index % 2 === 0 && next !== undefined ? [[event, next]] : []
  })
}

const appendBare = async (
  client: BareClient,
  appends: readonly (readonly BareEvent[])[],
  { streams, each }: { readonly streams: number; readonly each: number },
): Promise<void> => {
  const write = async (stream: string): Promise<void> => {
    let expectedRevision: bigint | 'no_stream' = 'no_stream'
    for (let at = 0; at < each; at++) {
      const events = (appends[at % appends.length] ?? []).map((event) => ({ ...event, id: randomUUID() }))
      await client.appendToStream(stream, events, { expectedRevision })
      expectedRevision = (expectedRevision === 'no_stream' ? -1n : expectedRevision) + BigInt(events.length)
    }
  }
  await Promise.all(Array.from({ length: streams }, () => write(`bench-${randomUUID()}`)))
}

type Kind = keyof CallCounts

const KINDS = Object.keys(NO_CALLS) as Kind[]

const byKind = <Count>(count: (kind: Kind) => Count): CallCounts<Count> =>
  Object.fromEntries(KINDS.map((kind) => [kind, count(kind)])) as unknown as CallCounts<Count>

const eachOf = (before: CallCounts, after: CallCounts, steps: number): CallCounts => byKind((kind) => (after[kind] - before[kind]) / steps)

const spreadsOf = (calls: readonly CallCounts[]): CallCounts<Spread> => byKind((kind) => spreadOf(calls.map((each) => each[kind])))
