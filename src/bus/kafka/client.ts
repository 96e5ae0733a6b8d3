import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import { Kafka, logLevel, type ISocketFactoryArgs, type KafkaConfig, type RetryOptions } from 'kafkajs'
import type { Clock } from '../../clock.ts'
import type { BusNotice } from '../bus.ts'
import { createRequire } from 'node:module'

export interface KafkaOptions {
  /** `host:port` of some brokers; the others are learned from them. */
  readonly brokers: readonly string[]
  readonly ssl?: NonNullable<KafkaConfig['ssl']>
  readonly sasl?: NonNullable<KafkaConfig['sasl']>
  /** Of the topics that are made; the broker's default where absent. Three, with `min.insync.replicas` 2, outlive the loss of a broker. */
  readonly replicationFactor?: number
  /** After so long without a sign of life a member loses its partitions; 10,000 by default. Nobody takes in the messages of a killed one before. */
  readonly sessionTimeoutMs?: number
  readonly clock: Clock
  readonly notify: (notice: BusNotice) => void
}

/**
 * Two seconds in all, so that whoever calls can say that the broker is away and try again. With the client's own first delay of
 * 300 ms every transaction would wait that long for the end of the one before.
 */
export const RETRY: RetryOptions = { initialRetryTime: 10, multiplier: 2, maxRetryTime: 500, factor: 0.2, retries: 8 }

const CONNECTION_TIMEOUT_MS = 5_000
const KEEP_ALIVE_MS = 60_000
/** The client adds listeners to a socket for each request that waits; Node warns from the eleventh on. */
const MOST_LISTENERS = 100

/** One for each consumer: two consumers of one group on one client object overwrite each other's committed offsets. */
export const kafkaClient = ({ brokers, ssl, sasl }: KafkaOptions): Kafka => {
  mendKafkaJs()
  return new Kafka({
    clientId: 'refold',
    brokers: [...brokers],
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    retry: RETRY,
    logLevel: logLevel.NOTHING,
    socketFactory: openSocket,
    ...(ssl === undefined ? {} : { ssl }),
    ...(sasl === undefined ? {} : { sasl }),
  })
}

const openSocket = ({ host, port, onConnect, ...secured }: ISocketFactoryArgs): Socket => {
  // Null where no encryption is asked for, whatever the type says.
  const ssl: ConnectionOptions | null = secured.ssl
  const socket =
    ssl === null
      ? connect({ host, port }, onConnect)
      : connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}), ...ssl }, onConnect)
  socket.setKeepAlive(true, KEEP_ALIVE_MS)
  socket.setMaxListeners(MOST_LISTENERS)
  return socket
}

// Two defects of kafkajs 2.2.4 that no option mends.

const require = createRequire(import.meta.url)
let isMended = false

/** To be called before the first request of a client, since the client loads what it decodes with no sooner. */
const mendKafkaJs = (): void => {
  if (isMended) return
  isMended = true
  stopIdleTimers()
  stepOverEmptyBatches()
}

interface RequestQueue {
  readonly pending: readonly unknown[]
}

interface RequestQueuePrototype {
  scheduleCheckPendingRequests: (this: RequestQueue) => void
}

/**
 * It arms a timer of a negative delay for ever where nothing waits: 1,750 a second and 6 % of a core for one idle consumer, and a warning
 * on Node 24. With nothing pending there is nothing to check: the next request checks by itself.
 */
const stopIdleTimers = (): void => {
  const { prototype } = require('kafkajs/src/network/requestQueue') as { readonly prototype: RequestQueuePrototype }
  const schedule = prototype.scheduleCheckPendingRequests
  prototype.scheduleCheckPendingRequests = function () {
    if (this.pending.length > 0) schedule.call(this)
  }
}

interface RecordBatch {
  readonly firstOffset: string
  readonly lastOffsetDelta: number
  readonly records: readonly unknown[]
}

type Decode = (decoder: unknown) => Promise<RecordBatch>

/**
 * Compaction leaves the newest batch of each producer behind, without its records. Where an answer holds nothing else, a consumer asks for the
 * same offset again, for ever. With a control record in its place, which nobody is handed, it goes on behind the batch.
 */
const stepOverEmptyBatches = (): void => {
  const path = require.resolve('kafkajs/src/protocol/recordBatch/v0/decoder')
  const decode = require(path) as Decode
  const module = require.cache[path]
  if (module === undefined) throw new Error(`expected the decoder of kafkajs at ${path}`)
  module.exports = async (decoder: unknown): Promise<RecordBatch> => {
    const batch = await decode(decoder)
    return batch.records.length > 0 ? batch : { ...batch, records: [controlRecord(batch)] }
  }
}

const controlRecord = (batch: RecordBatch): unknown => ({
  offset: String(BigInt(batch.firstOffset) + BigInt(batch.lastOffsetDelta)),
  key: null,
  value: null,
  headers: {},
  isControlRecord: true,
  batchContext: batch,
})
