import type { Consumer, EachBatchPayload, IMemberAssignment } from 'kafkajs'
import { messageOf } from '../../errors.ts'
import type { ConsumeOptions } from '../bus.ts'
import { askStart, handleBatch } from '../handle-batch.ts'
import { farewell } from './time-limits.ts'
import { kafkaClient, RETRY, type KafkaOptions } from './client.ts'
import { fromKafka } from './message.ts'
import type { Clock } from '../../clock.ts'

/** One life of one consumer in its group: it ends with the first failure that the client does not get over. */
export interface KafkaMember {
  pause(): void
  resume(): void
  /** The partitions that the group has given to it. */
  places(): readonly StandingPlace[]
  /** Resolves with the reason once it has failed. */
  readonly failed: Promise<string>
  /** Lets handlers end, then leaves the group; gives up on a client that hangs. */
  leave(): Promise<void>
}

export interface Place {
  readonly topic: string
  readonly partition: number
}

export interface StandingPlace extends Place {
  /** The next offset that it will be given; undefined where it is the group's own. */
  readonly at: number | undefined
  readonly isBusy: boolean
}

/** What the group has given to this member, until it gives anew. */
interface Assignment {
  readonly stop: AbortController
  readonly places: readonly Place[]
  /** By name of the place; resolves once it is known where to begin. */
  readonly starts: ReadonlyMap<string, Promise<void>>
}

interface Life {
  readonly options: KafkaOptions
  readonly consuming: ConsumeOptions
  readonly consumer: Consumer
  /** Where each place goes on, as far as it is known. */
  readonly positions: Map<string, number>
  readonly underWay: Map<string, Promise<void>>
  /** The client commits nothing before it has joined for the first time. */
  readonly joined: PromiseWithResolvers<undefined>
  assignment: Assignment
  isPaused: boolean
  isLeaving: boolean
}

/** Beats come while batches are handled, too, so a member that is alive is not late. */
const DEFAULT_SESSION_MS = 10_000
const BEATS_PER_SESSION = 10
const REBALANCE_MS = 60_000
const LONGEST_WAIT_MS = 100
const PARTITIONS_AT_ONCE = 8

export const joinKafkaGroup = (options: KafkaOptions, consuming: ConsumeOptions): KafkaMember => {
  const life = newLife(options, consuming)
  const { consumer } = life
  const failed = Promise.withResolvers<string>()
  listen(life, failed.resolve)
  const started = start(life).catch((error: unknown) => {
    failed.resolve(messageOf(error))
  })
  return {
    pause() {
      life.isPaused = true
      tell(consumer, (running) => running.pause(topicsOf(consuming)))
    },
    resume() {
      life.isPaused = false
      tell(consumer, (running) => running.resume(topicsOf(consuming)))
    },
    places: () =>
      life.assignment.places.map((place) => ({
        ...place,
        at: life.positions.get(nameOf(place)),
        isBusy: life.underWay.has(nameOf(place)),
      })),
    failed: failed.promise,
    async leave() {
      life.isLeaving = true
      life.assignment.stop.abort()
      await Promise.allSettled(life.underWay.values())
      // A client that is still joining cannot be stopped, only waited for.
      await farewell(
        options.clock,
        started.then(() => consumer.disconnect()),
      )
    },
  }
}

const beatMs = ({ sessionTimeoutMs = DEFAULT_SESSION_MS }: KafkaOptions): number => Math.round(sessionTimeoutMs / BEATS_PER_SESSION)

const newLife = (options: KafkaOptions, consuming: ConsumeOptions): Life => ({
  options,
  consuming,
  consumer: kafkaClient(options).consumer({
    groupId: consuming.group,
    sessionTimeout: options.sessionTimeoutMs ?? DEFAULT_SESSION_MS,
    heartbeatInterval: beatMs(options),
    rebalanceTimeout: REBALANCE_MS,
    maxWaitTimeInMs: LONGEST_WAIT_MS,
    allowAutoTopicCreation: false,
    // What it does not get over in place ends this life, and a new client begins the next one.
    retry: { ...RETRY, restartOnFailure: () => Promise.resolve(false) },
  }),
  positions: new Map(),
  underWay: new Map(),
  joined: Promise.withResolvers(),
  assignment: { stop: new AbortController(), places: [], starts: new Map() },
  isPaused: false,
  isLeaving: false,
})

const start = async (life: Life): Promise<void> => {
  const { consumer, consuming } = life
  await consumer.connect()
  await consumer.subscribe({ topics: [...consuming.topics], fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
    eachBatch: (payload) => receive(life, payload),
  })
  life.joined.resolve(undefined)
  if (life.isPaused) tell(consumer, (running) => running.pause(topicsOf(consuming)))
}

const listen = (life: Life, fail: (reason: string) => void): void => {
  const { consumer, positions } = life
  consumer.on('consumer.crash', ({ payload }) => {
    fail(messageOf(payload.error))
  })
  consumer.on('consumer.group_join', ({ payload }) => {
    life.assignment.stop.abort()
    positions.clear()
    life.assignment = assign(life, payload.memberAssignment)
  })
  // The end of a transaction is a record without a message: nobody is handed the batch, if there is nothing else in it.
  consumer.on('consumer.end_batch_process', ({ payload: { topic, partition, batchSize, lastOffset } }) => {
    if (batchSize > 0) return
    const next = Number(lastOffset) + 1
    positions.set(nameOf({ topic, partition }), next)
    void tellOffset(life, { topic, partition }, next)
  })
}

const assign = (life: Life, given: IMemberAssignment): Assignment => {
  const stop = new AbortController()
  const places = Object.entries(given).flatMap(([topic, partitions]) => partitions.map((partition) => ({ topic, partition })))
  return { stop, places, starts: new Map(places.map((place) => [nameOf(place), begin(life, place, stop.signal)])) }
}

/** Where the read model has an offset of its own, the partition is moved there, also if nothing new comes. */
const begin = async (life: Life, place: Place, signal: AbortSignal): Promise<void> => {
  const at = await askStart(life.options, life.consuming, place, signal)
  if (at === undefined || signal.aborted) return
  life.positions.set(nameOf(place), at)
  tell(life.consumer, (running) => {
    running.seek({ ...place, offset: String(at) })
  })
  void life.joined.promise.then(() => tellOffset(life, place, at))
}

/** Only for those who look how far the group is behind. */
const tellOffset = ({ consumer }: Life, place: Place, at: number): Promise<void> =>
  consumer.commitOffsets([{ ...place, offset: String(at) }]).catch(() => undefined)

const receive = async (life: Life, payload: EachBatchPayload): Promise<void> => {
  const { stop, starts } = life.assignment
  const place = { topic: payload.batch.topic, partition: payload.batch.partition }
  const beats = { clock: life.options.clock, everyMs: beatMs(life.options), beat: () => payload.heartbeat(), lost: () => stop.abort() }
  await withHeartbeats(beats, async () => {
    // A fetch may have slipped in before it was known where to begin.
    await starts.get(nameOf(place))
    if (life.isLeaving || life.isPaused || stop.signal.aborted || payload.isStale()) return
    const work = handle(life, payload, stop.signal)
    life.underWay.set(nameOf(place), work)
    await work.finally(() => life.underWay.delete(nameOf(place)))
  })
}

const handle = async ({ options, consuming, consumer, positions }: Life, payload: EachBatchPayload, signal: AbortSignal): Promise<void> => {
  const { batch } = payload
  const { topic, partition } = batch
  const messages = batch.messages.map((message) => fromKafka(topic, partition, message))
  const next = Number(batch.lastOffset()) + 1
  const { at } = await handleBatch(options, consuming, { topic, partition, messages, next, signal })
  if (at === undefined) return
  positions.set(nameOf({ topic, partition }), at)
  if (at === next) payload.resolveOffset(batch.lastOffset())
  else consumer.seek({ topic, partition, offset: String(at) })
  await payload.commitOffsetsIfNecessary({ topics: [{ topic, partitions: [{ partition, offset: String(at) }] }] })
}

const topicsOf = ({ topics }: ConsumeOptions): { readonly topic: string }[] => topics.map((topic) => ({ topic }))

const nameOf = ({ topic, partition }: Place): string => `${topic}/${partition}`

/** The client throws while it is not running; then there is nothing to tell it, and its next life is told anew. */
const tell = (consumer: Consumer, say: (running: Consumer) => void): void => {
  try {
    say(consumer)
  } catch {
    return
  }
}

export interface Heartbeats {
  readonly clock: Clock
  readonly everyMs: number
  readonly beat: () => Promise<void>
  /** The group has gone on without this member, or cannot be reached. */
  readonly lost: () => void
}

/** Shows signs of life while the work goes on: the client shows none between two fetches. Rejects with what a lost beat said. */
const withHeartbeats = async ({ clock, everyMs, beat, lost }: Heartbeats, work: () => Promise<void>): Promise<void> => {
  let isDone = false
  let failure: { readonly reason: unknown } | undefined
  let disarm = (): void => undefined
  const again = (): void => {
    disarm = clock.setTimer(everyMs, () => {
      beat()
        .catch((reason: unknown) => {
          // While a group rebalances every beat fails, and still it is what keeps the member in the group until it is done.
          failure ??= { reason }
          lost()
        })
        .finally(() => {
          if (!isDone) again()
        })
    })
  }
  again()
  try {
    await work()
  } finally {
    isDone = true
    disarm()
  }
  if (failure !== undefined) throw failure.reason
}
