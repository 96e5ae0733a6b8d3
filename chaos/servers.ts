import { startDurableStandIn } from '../servers/event-store/event-store-stand-in.ts'
import type { KafkaBroker } from '../servers/kafka/kafka-broker.ts'
import { startKafkaCluster } from '../servers/kafka/kafka-cluster.ts'
import { startOwnPostgres, type OwnPostgres } from '../servers/postgres.ts'
import type { Control } from './control.ts'
import { freezeProblem, troubledNodes, troubledStandIn, type TroubledEventStore } from './event-store.ts'

export interface ServerOptions {
  /** Of the Kafka that is started; none without one. */
  readonly brokers: 0 | 1 | 3
  /** Somebody's own EventStoreDB, with the Kafka that the environment names, if it does; a stand-in is started where absent. */
  readonly own?: { readonly eventStore: string; readonly control: Control }
  /** Told what is left out. */
  readonly say: (line: string) => void
}

export interface ChaosServers {
  /** By which Refold finds them. An empty variable is one that is not given. */
  readonly environment: Readonly<Record<string, string>> & { readonly REFOLD_KAFKA: string }
  readonly topicPrefix: string
  readonly postgres: OwnPostgres
  readonly brokers: readonly KafkaBroker[]
  /** `answers` resolves once the log can be read again. */
  readonly eventStore: (answers: () => Promise<unknown>) => TroubledEventStore
  stop(): Promise<void>
}

export const startServers = (options: ServerOptions): Promise<ChaosServers> =>
  options.own === undefined ? startAll(options) : startBeside(options.own, options)

const startAll = async ({ brokers }: ServerOptions): Promise<ChaosServers> => {
  const [standIn, kafka, postgres] = await Promise.all([
    startDurableStandIn(),
    brokers === 0 ? undefined : startKafkaCluster('3.9.1', brokers),
    startOwnPostgres(),
  ])
  return {
    environment: {
      REFOLD_EVENTSTORE: standIn.connectionString,
      REFOLD_POSTGRES: postgres.connectionString,
      REFOLD_KAFKA: kafka?.address ?? '',
    },
    topicPrefix: 'refold',
    postgres,
    brokers: kafka?.brokers ?? [],
    eventStore: () => troubledStandIn(standIn),
    async stop() {
      await Promise.all([standIn.stop(), kafka?.stop(), postgres.stop()])
    },
  }
}

/** What the processes of an installation are told by whoever starts this. */
const PASSED_ON = /^REFOLD_(KAFKA|EVENTSTORE_CLIENT)/

/** The views are in a Postgres of this run alone, and its topics have a prefix of their own. */
const startBeside = async ({ eventStore, control }: NonNullable<ServerOptions['own']>, { say }: ServerOptions): Promise<ChaosServers> => {
  const postgres = await startOwnPostgres()
  const given = Object.entries(process.env).flatMap(([name, value]) =>
    PASSED_ON.test(name) && value !== undefined && value !== '' ? [[name, value] as const] : [],
  )
  const topicPrefix = `chaos-${Date.now()}`
  const unfreezable = await freezeProblem(control)
  if (unfreezable !== undefined) say(`The leader is not frozen: ${unfreezable}`)
  return {
    environment: {
      REFOLD_KAFKA: '',
      ...Object.fromEntries(given),
      REFOLD_EVENTSTORE: eventStore,
      REFOLD_POSTGRES: postgres.connectionString,
      REFOLD_TOPIC_PREFIX: topicPrefix,
    },
    topicPrefix,
    postgres,
    brokers: [],
    eventStore: (answers) => ({ ...troubledNodes(control, answers), ...(unfreezable === undefined ? {} : { freezes: [] }) }),
    stop: () => postgres.stop(),
  }
}
