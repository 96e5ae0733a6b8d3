import { startDurableStandIn } from '../event-store/event-store-stand-in.ts'
import { startKafkaCluster } from '../kafka/kafka-cluster.ts'
import { missingForKafka } from '../kafka/kafka-jars.ts'
import { startOwnPostgres } from '../postgres.ts'

const KAFKA = '3.9.1'

/** The servers that the order desk runs on: those that the environment names, and for the others some of its own. */
export interface DeskServers {
  readonly environment: Readonly<Record<'REFOLD_EVENTSTORE' | 'REFOLD_KAFKA' | 'REFOLD_POSTGRES', string>>
  /** One line about each. */
  readonly lines: readonly string[]
  /** Whether other runs may be on them already. */
  readonly areGiven: boolean
  /** Ends those of its own, and their files go. */
  stop(): Promise<void>
}

interface DeskServer {
  readonly address: string
  readonly line: string
  readonly stop: () => Promise<void>
}

/** Resolves once all of them serve. Rejects where one is missing. */
export const startDeskServers = async (given: NodeJS.ProcessEnv): Promise<DeskServers> => {
  const { REFOLD_EVENTSTORE, REFOLD_KAFKA, REFOLD_POSTGRES } = given
  if (REFOLD_KAFKA === undefined) await requireJava()
  const [eventStore, kafka, postgres] = await Promise.all([
    named('EventStoreDB', REFOLD_EVENTSTORE) ?? ownEventStore(),
    named('Kafka', REFOLD_KAFKA) ?? ownKafka(),
    named('Postgres', REFOLD_POSTGRES) ?? ownPostgres(),
  ])
  return {
    environment: { REFOLD_EVENTSTORE: eventStore.address, REFOLD_KAFKA: kafka.address, REFOLD_POSTGRES: postgres.address },
    lines: [eventStore.line, kafka.line, postgres.line],
    areGiven: REFOLD_EVENTSTORE !== undefined || REFOLD_KAFKA !== undefined || REFOLD_POSTGRES !== undefined,
    async stop() {
      await Promise.all([eventStore.stop(), kafka.stop(), postgres.stop()])
    },
  }
}

const named = (server: string, address: string | undefined): DeskServer | undefined =>
  address === undefined ? undefined : { address, line: `${server}: the one that the environment names`, stop: async () => undefined }

const requireJava = async (): Promise<void> => {
  const missing = await missingForKafka(KAFKA)
  if (missing !== undefined) throw new Error(`expected what a Kafka broker needs, or the address of one in REFOLD_KAFKA, found ${missing}`)
}

const ownEventStore = async (): Promise<DeskServer> => {
  const standIn = await startDurableStandIn()
  return { address: standIn.connectionString, line: 'EventStoreDB: the stand-in of this repository', stop: () => standIn.stop() }
}

const ownKafka = async (): Promise<DeskServer> => {
  const cluster = await startKafkaCluster(KAFKA)
  return { address: cluster.address, line: `Kafka: Apache Kafka ${KAFKA}, a broker of its own`, stop: () => cluster.stop() }
}

const ownPostgres = async (): Promise<DeskServer> => {
  const postgres = await startOwnPostgres()
  const version = /^\S+ \S+/.exec(postgres.server)?.[0] ?? postgres.server
  return { address: postgres.connectionString, line: `Postgres: ${version}, a server of its own`, stop: () => postgres.stop() }
}
