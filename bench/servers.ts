import { join } from 'node:path'
import { startStandIn } from '../servers/event-store/event-store-stand-in.ts'
import { startKafkaCluster } from '../servers/kafka/kafka-cluster.ts'
import { startOwnPostgres } from '../servers/postgres.ts'
import { systemClock } from '../src/clock.ts'
import type { EventLog } from '../src/eventlog/event-log.ts'
import { eventStoreDbEventLog } from '../src/eventlog/eventstoredb/eventstoredb-event-log.ts'
import { sqliteEventLog } from '../src/eventlog/sqlite/sqlite-event-log.ts'
import { measureConsumer, measureRebuild, type ConsumerRate, type RebuildRate } from './consumer-rate.ts'
import { copiedRuns, type CopiedRuns } from './copied-runs.ts'
import { measureEventStoreAppends, type EventStoreAppends } from './event-store-appends.ts'
import { measureEventStoreSubscription, type EventStoreSubscription } from './event-store-subscription.ts'
import { measureRelay, type RelayRate } from './relay-rate.ts'
import type { RoundLimits } from './rounds.ts'
import { eachMeasured, eventStoreName, type ServerRuns, WHOLE_RUN_ROUNDS } from './server-runs.ts'
import { measureSharedStore, type SharedStore } from './shared-store.ts'
import { measureVisibleAfter, type VisibleAfter } from './visible-after.ts'

export interface ServerResults {
  readonly eventStore: string
  readonly kafka: string
  readonly eventBytes: number
  readonly appends: readonly EventStoreAppends[]
  readonly wholeRuns: readonly ServerRuns[]
  readonly shared: SharedStore
  readonly subscription: EventStoreSubscription
  readonly visibleAlone: VisibleAfter
  readonly visibleUnderLoad: VisibleAfter
  readonly relay: RelayRate
  readonly consumer: ConsumerRate
  readonly rebuild: RebuildRate
}

interface Subject {
  readonly folder: string
  readonly quick: boolean
  /** Of a real EventStoreDB; a stand-in is started where absent. */
  readonly eventStore: string | undefined
  readonly progress: (what: string) => void
}

const KAFKA = '3.9.1'
const TURNS = 10
const FOREIGN_EVENTS = 1_000_000

export const measureServers = async ({ folder, quick, eventStore, progress }: Subject): Promise<ServerResults> => {
  const rounds = (most: number, withinMs: number): RoundLimits =>
    quick ? { least: 1, most: 2, withinMs: withinMs / 10 } : { least: 3, most, withinMs }
  progress('the servers start')
  const standIn = eventStore === undefined ? await startStandIn() : undefined
  const connectionString = eventStore ?? standIn?.connectionString ?? ''
  const [kafka, postgres] = await Promise.all([startKafkaCluster(KAFKA), startOwnPostgres()])
  const servers = { eventStore: connectionString, postgres: postgres.connectionString }
  const { address } = kafka
  const runs = await copiedRuns(folder, TURNS)
  try {
    const appends: EventStoreAppends[] = []
    for (const streams of [1, 10, 100]) {
      progress(`appends to ${streams} streams at once`)
      appends.push(await measureEventStoreAppends(connectionString, streams, rounds(15, 15_000)))
    }
    const wholeRuns = await eachMeasured(servers, progress, rounds(WHOLE_RUN_ROUNDS.most, WHOLE_RUN_ROUNDS.withinMs))
    progress('subscription')
    const subscription = await measureEventStoreSubscription(connectionString, runs, quick ? 50 : 300, rounds(9, 10_000))
    const log = eventStoreDbEventLog({ connectionString, clock: systemClock })
    const samples = { rounds: quick ? 1 : 5, samplesPerRound: quick ? 30 : 100 }
    progress('from append to view')
    const visibleAlone = await measureVisibleAfter({ address, folder, log }, runs, { ...samples, backgroundAppendsPerSecond: 0 })
    progress('from append to view under load')
    const visibleUnderLoad = await measureVisibleAfter({ address, folder, log }, runs, { ...samples, backgroundAppendsPerSecond: 200 })
    await log.close()
    const full = sqliteEventLog({ path: join(folder, 'full.db'), clock: systemClock })
    const events = await fill(full, runs, quick ? 100 : 500)
    progress('relay')
    const relay = await measureRelay(address, full, events, rounds(7, 15_000))
    progress('consumer')
    const consumer = await measureConsumer({ address, folder }, full, events, rounds(7, 20_000))
    progress('rebuild')
    const rebuild = await measureRebuild(folder, full, events, rounds(9, 15_000))
    await full.close()
    progress('a store that others fill')
    const shared = await measureSharedStore({ servers, folder }, quick ? FOREIGN_EVENTS / 50 : FOREIGN_EVENTS, rounds(30, 5_000))
    return {
      eventStore: eventStoreName(eventStore),
      kafka: `Apache Kafka ${KAFKA}, one broker`,
      eventBytes: runs.eventBytes,
      appends,
      wholeRuns,
      shared,
      subscription,
      visibleAlone,
      visibleUnderLoad,
      relay,
      consumer,
      rebuild,
    }
  } finally {
    await Promise.all([kafka.stop(), postgres.stop()])
    await standIn?.stop()
  }
}

/** Resolves with how many events it holds then. */
const fill = async (log: EventLog, runs: CopiedRuns, count: number): Promise<number> => {
  for (let run = 0; run < count; run++) {
    const { stream, events } = runs.next()
    await log.append(stream, 'no-stream', events)
  }
  return count * runs.events
}
