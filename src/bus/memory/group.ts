import type { BusConsumer, ConsumeOptions } from '../bus.ts'
import { askStart, handleBatch, type BatchParts } from '../handle-batch.ts'
import type { MemoryTopics } from './topics.ts'

interface Place {
  readonly topic: string
  readonly partition: number
}

interface Member {
  readonly options: ConsumeOptions
  isPaused: boolean
  isLeaving: boolean
  /** Of the partitions it has now. */
  stop: AbortController
  work: Promise<unknown>
}

/** The consumers of one group: each partition has one of them at a time. */
export interface MemoryGroup {
  join(options: ConsumeOptions): BusConsumer
  /** Offset to go on at, where the group has handled anything. */
  committed(topic: string, partition: number): number | undefined
  closeAll(): Promise<void>
}

const BATCH_MESSAGES = 500

export const memoryGroup = (topics: MemoryTopics, parts: BatchParts): MemoryGroup => {
  const members = new Set<Member>()
  const offsets = new Map<string, number>()
  let tail: Promise<void> = Promise.resolve()

  const stopAll = (): void => {
    for (const member of members) member.stop.abort()
  }

  /** Every partition is given out anew once nobody works on any. */
  const rebalance = (): Promise<void> => {
    stopAll()
    tail = tail.then(async () => {
      stopAll()
      await Promise.all([...members].map(({ work }) => work))
      const staying = [...members].filter(({ isLeaving }) => !isLeaving)
      const given = shareOut(topics, staying)
      for (const [member, places] of given) {
        member.stop = new AbortController()
        member.work = Promise.all(places.map((place) => consumePartition({ topics, parts, offsets }, member, place)))
      }
    })
    return tail
  }

  const leave = async (member: Member): Promise<void> => {
    member.isLeaving = true
    await rebalance()
    members.delete(member)
  }

  return {
    join(options) {
      for (const topic of options.topics) topics.ranges(topic)
      const member: Member = { options, isPaused: false, isLeaving: false, stop: new AbortController(), work: Promise.resolve() }
      members.add(member)
      void rebalance()
      return {
        pause: () => {
          member.isPaused = true
        },
        resume: () => {
          member.isPaused = false
          topics.ring()
        },
        close: () => leave(member),
      }
    },
    committed: (topic, partition) => offsets.get(placeName({ topic, partition })),
    async closeAll() {
      await Promise.all([...members].map(leave))
    },
  }
}

interface GroupParts {
  readonly topics: MemoryTopics
  readonly parts: BatchParts
  /** Where the group goes on, by name of the place. */
  readonly offsets: Map<string, number>
}

const consumePartition = async ({ topics, parts, offsets }: GroupParts, member: Member, place: Place): Promise<void> => {
  const { options } = member
  const { topic, partition } = place
  const { signal } = member.stop
  const stopped = new Promise((resolve) => {
    signal.addEventListener('abort', resolve)
  })
  const asked = await askStart(parts, options, place, signal)
  if (asked !== undefined) offsets.set(placeName(place), asked)
  let at = asked ?? offsets.get(placeName(place)) ?? 0
  while (!signal.aborted) {
    const changed = topics.changed()
    const messages = member.isPaused ? [] : topics.from(topic, partition, at, BATCH_MESSAGES)
    const last = messages.at(-1)
    if (last === undefined) {
      await Promise.race([changed, stopped])
      continue
    }
    const handled = await handleBatch(parts, options, { topic, partition, messages, next: last.offset + 1, signal })
    if (handled.at === undefined) return
    at = handled.at
    offsets.set(placeName(place), at)
  }
}

const shareOut = (topics: MemoryTopics, members: readonly Member[]): ReadonlyMap<Member, readonly Place[]> => {
  const given = new Map<Member, Place[]>(members.map((member) => [member, []]))
  for (const topic of new Set(members.flatMap(({ options }) => options.topics))) {
    const takers = members.filter(({ options }) => options.topics.includes(topic))
    for (const { partition } of topics.ranges(topic)) {
      const taker = takers[partition % takers.length]
      if (taker !== undefined) given.get(taker)?.push({ topic, partition })
    }
  }
  return given
}

const placeName = ({ topic, partition }: Place): string => `${topic}/${partition}`
