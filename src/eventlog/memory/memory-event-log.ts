import type { Clock } from '../../clock.ts'
import { logClosed, type EventLog, type ExpectedRevision } from '../event-log.ts'
import { logPage, readAll, readStream, streamPage } from './reads.ts'
import type { MemoryStore } from './store.ts'
import { append, markDeleted, openStream, setMetadata, truncate } from './store.ts'
import type { SubscriptionSource } from '../subscription.ts'
import { backlog, subscription } from '../subscription.ts'
import type { WakeUps } from '../wake-ups.ts'
import { wakeUps } from '../wake-ups.ts'

/** For tests and the simulator: deterministic, since it uses no timer, no chance and no time but the given clock's. */
export const memoryEventLog = ({ clock }: { readonly clock: Clock }): EventLog => {
  const store: MemoryStore = { clock, all: [], streams: new Map() }
  const bells = wakeUps()
  let isClosed = false

  const checkOpen = (): void => {
    if (isClosed) throw logClosed()
  }

  const remove = (stream: string, expected: ExpectedRevision, kind: 'soft' | 'tombstone'): void => {
    checkOpen()
    markDeleted(store, stream, expected, kind)
    bells.ring(stream)
  }

  return {
    async append(stream, expected, events) {
      checkOpen()
      const appended = append(store, stream, expected, events)
      if (appended.events.length > 0) bells.ring(stream, () => appended.events)
      return appended.result
    },
    async *readStream(stream, options = {}) {
      checkOpen()
      for (const event of readStream(store, stream, options)) yield event
    },
    async *readAll(options = {}) {
      checkOpen()
      for (const event of readAll(store, options)) yield event
    },
    subscribe: (options = {}) => subscription(sourceOf(store, bells, checkOpen), options),
    backlog: (options = {}) => backlog(sourceOf(store, bells, checkOpen), options),
    async head() {
      checkOpen()
      return store.all.at(-1)?.position
    },
    async deleteStream(stream, expected) {
      remove(stream, expected, 'soft')
    },
    async tombstoneStream(stream, expected) {
      remove(stream, expected, 'tombstone')
    },
    async truncateStream(stream, before) {
      checkOpen()
      truncate(store, stream, before)
    },
    async getMetadata(stream) {
      checkOpen()
      return openStream(store, stream).metadata
    },
    async setMetadata(stream, metadata) {
      checkOpen()
      setMetadata(store, stream, metadata)
    },
    async close() {
      isClosed = true
      bells.ringAll()
    },
  }
}

const sourceOf = (store: MemoryStore, bells: WakeUps, checkOpen: () => void): SubscriptionSource => ({
  wakeUps: bells,
  checkOpen,
  newest: (stream) => (stream === undefined ? store.all.at(-1)?.position : store.streams.get(stream)?.events.at(-1)?.revision),
  pageAfter(after, options) {
    checkOpen()
    return options.stream === undefined ? logPage(store, after, options) : streamPage(store, options.stream, after, options)
  },
  breathe: () => Promise.resolve(),
})
