import type { Clock } from '../../clock.ts'
import { busClosed, fenced, type Bus, type BusNotice, type Publisher } from '../bus.ts'
import { memoryGroup, type MemoryGroup } from './group.ts'
import { memoryTopics, type MemoryTopics } from './topics.ts'

export interface MemoryBusOptions {
  readonly clock: Clock
  readonly notify: (notice: BusNotice) => void
}

/** Within one process, and gone with it: what is published only leads from its parts to each other. */
export const memoryBus = (options: MemoryBusOptions): Bus => {
  const topics = memoryTopics(options.clock)
  const groups = new Map<string, MemoryGroup>()
  const newestPublishers = new Map<string, object>()
  let isClosed = false
  const checkOpen = (): void => {
    if (isClosed) throw busClosed()
  }
  const groupOf = (name: string): MemoryGroup => {
    const group = groups.get(name) ?? memoryGroup(topics, options)
    groups.set(name, group)
    return group
  }

  return {
    async ensureTopics(specs) {
      checkOpen()
      for (const spec of specs) topics.ensure(spec)
    },
    async openPublisher({ transactionalId } = {}) {
      checkOpen()
      const self = {}
      if (transactionalId !== undefined) newestPublishers.set(transactionalId, self)
      return memoryPublisher(topics, () => {
        checkOpen()
        if (transactionalId !== undefined && newestPublishers.get(transactionalId) !== self) throw fenced(transactionalId)
      })
    },
    consume(consuming) {
      checkOpen()
      return groupOf(consuming.group).join(consuming)
    },
    async *read(topic) {
      checkOpen()
      for (const { partition, begin, end } of topics.ranges(topic)) {
        for (const message of topics.from(topic, partition, begin, end - begin)) yield message
      }
    },
    async ranges(topic) {
      checkOpen()
      return topics.ranges(topic)
    },
    async lag(group, topic) {
      checkOpen()
      const behind = topics
        .ranges(topic)
        .map(({ partition, begin, end }) => end - Math.max(begin, groupOf(group).committed(topic, partition) ?? begin))
      return behind.reduce((sum, messages) => sum + messages, 0)
    },
    async close() {
      isClosed = true
      await Promise.all([...groups.values()].map((group) => group.closeAll()))
    },
  }
}

const memoryPublisher = (topics: MemoryTopics, check: () => void): Publisher => {
  let isClosed = false
  return {
    async publish(batches) {
      if (isClosed) throw busClosed()
      check()
      topics.publish(batches)
    },
    async close() {
      isClosed = true
    },
  }
}
