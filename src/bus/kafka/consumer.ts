import { backoffMs, pauseFor } from '../backoff.ts'
import type { BusConsumer, ConsumeOptions } from '../bus.ts'
import type { KafkaAdmin } from './admin.ts'
import type { KafkaOptions } from './client.ts'
import { joinKafkaGroup, type KafkaMember } from './member.ts'

const WATCH_MS = 10_000
/** After a life of this length the next failure counts as the first. */
const GOOD_LIFE_MS = 60_000

/** A consumer that outlives its client: one that has crashed, or stands still while its topic goes on, is replaced by a new one. */
export const kafkaConsumer = (options: KafkaOptions, admin: KafkaAdmin, consuming: ConsumeOptions): BusConsumer => {
  const { clock } = options
  const closing = new AbortController()
  let member: KafkaMember | undefined
  let isPaused = false

  const live = async (): Promise<string> => {
    const current = joinKafkaGroup(options, consuming)
    member = current
    if (isPaused) current.pause()
    const over = new AbortController()
    const ended = AbortSignal.any([closing.signal, over.signal])
    const reason = await Promise.race([
      current.failed,
      standsStill(options, admin, { consuming, member: current, isPaused: () => isPaused }, ended),
    ])
    over.abort()
    await current.leave()
    return reason
  }
  const supervise = async (): Promise<void> => {
    let failures = 0
    while (!closing.signal.aborted) {
      const begunAt = clock.now()
      const message = await live()
      if (closing.signal.aborted) return
      failures = clock.now() - begunAt > GOOD_LIFE_MS ? 1 : failures + 1
      options.notify({ type: 'consumerRebuilt', group: consuming.group, message })
      await pauseFor(clock, backoffMs(failures), closing.signal)
    }
  }

  const done = supervise()
  return {
    pause() {
      isPaused = true
      member?.pause()
    },
    resume() {
      isPaused = false
      member?.resume()
    },
    async close() {
      closing.abort()
      await done
    },
  }
}

interface Watched {
  readonly consuming: ConsumeOptions
  readonly member: KafkaMember
  readonly isPaused: () => boolean
}

/** Resolves with a reason to replace the member, or with the signal. */
const standsStill = async (options: KafkaOptions, admin: KafkaAdmin, watched: Watched, ended: AbortSignal): Promise<string> => {
  const watch = stallWatch()
  for (;;) {
    await pauseFor(options.clock, WATCH_MS, ended)
    if (ended.aborted) return 'it was closed'
    // Where the brokers cannot be asked, nothing can be said of a consumer either.
    const partitions = watched.isPaused() ? [] : await measure(admin, watched).catch(() => [])
    if (watch.isStuck(partitions)) return 'it stood still while its topic went on'
  }
}

const measure = async (admin: KafkaAdmin, { consuming, member }: Watched): Promise<Standing[]> => {
  const found: Standing[] = []
  for (const topic of consuming.topics) {
    const places = member.places().filter((place) => place.topic === topic)
    if (places.length === 0) continue
    const ranges = await admin.ranges(topic)
    const committed = places.every(({ at }) => at !== undefined) ? new Map<number, number>() : await admin.committed(consuming.group, topic)
    for (const { partition, at, isBusy } of places) {
      const range = ranges.find((one) => one.partition === partition)
      if (range === undefined) continue
      found.push({ place: `${topic}/${partition}`, at: at ?? committed.get(partition) ?? range.begin, end: range.end, isBusy })
    }
  }
  return found
}

/** One partition that a consumer has. */
export interface Standing {
  readonly place: string
  /** The next offset that it will be given. */
  readonly at: number
  /** Behind the newest message. */
  readonly end: number
  readonly isBusy: boolean
}

export interface StallWatch {
  /** Whether a partition that has more to give has not moved between this look and the last, with nobody at work on it. */
  isStuck(partitions: readonly Standing[]): boolean
}

/** Tells a consumer that waits for work from one that has silently stopped. */
export const stallWatch = (): StallWatch => {
  let waiting = new Map<string, number>()
  return {
    isStuck(partitions) {
      const before = waiting
      waiting = new Map(partitions.filter(({ at, end, isBusy }) => !isBusy && at < end).map(({ place, at }) => [place, at]))
      return [...waiting].some(([place, at]) => before.get(place) === at)
    },
  }
}
