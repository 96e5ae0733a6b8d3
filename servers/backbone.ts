import { startDurableStandIn, type StandIn } from './event-store/event-store-stand-in.ts'
import { startKafkaCluster, type KafkaCluster } from './kafka/kafka-cluster.ts'
import { startOwnPostgres, type OwnPostgres } from './postgres.ts'

/** All servers that Refold's processes share, on this machine. */
export interface Backbone {
  readonly eventStore: StandIn
  readonly kafka: KafkaCluster
  readonly postgres: OwnPostgres
  /** By which Refold finds them. */
  readonly environment: Readonly<Record<'REFOLD_EVENTSTORE' | 'REFOLD_KAFKA' | 'REFOLD_POSTGRES', string>>
  /** Kills them, and their files go. */
  stop(): Promise<void>
}

/** Resolves once all of them serve. The stand-in keeps its events in a file, so that they outlive its process. */
export const startBackbone = async ({ brokers = 1 }: { readonly brokers?: 1 | 3 } = {}): Promise<Backbone> => {
  const [eventStore, kafka, postgres] = await Promise.all([startDurableStandIn(), startKafkaCluster('3.9.1', brokers), startOwnPostgres()])
  return {
    eventStore,
    kafka,
    postgres,
    environment: {
      REFOLD_EVENTSTORE: eventStore.connectionString,
      REFOLD_KAFKA: kafka.address,
      REFOLD_POSTGRES: postgres.connectionString,
    },
    async stop() {
      await Promise.all([eventStore.stop(), kafka.stop(), postgres.stop()])
    },
  }
}
