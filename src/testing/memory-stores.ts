import { memoryBlobStore } from '../blobs/blob-store.memory.ts'
import type { BlobStore } from '../blobs/blob-store.ts'
import type { IdSource } from '../clock.ts'
import type { EventLog } from '../eventlog/event-log.ts'
import { memoryEventLog } from '../eventlog/memory/memory-event-log.ts'
import { memorySnapshotStore } from '../snapshots/snapshot-store.memory.ts'
import type { SnapshotStore } from '../snapshots/snapshot-store.ts'
import { memoryViewStore } from '../views/memory/memory-view-store.ts'
import type { ViewStore } from '../views/view-store.ts'
import { manualClock, type ManualClock } from './manual-clock.ts'

/** What outlives a process: the log with all beside it, and time. */
export interface TestStores {
  readonly clock: ManualClock
  /** @internal */
  readonly log: EventLog
  /** @internal */
  readonly blobs: BlobStore
  /** @internal */
  readonly snapshots: SnapshotStore
  /** @internal */
  readonly views: ViewStore
  /** @internal The same ids in the same order, for whatever process. */
  readonly ids: IdSource
  /** @internal Of the processes so far: those that have ended. */
  readonly processes: TestProcesses
}

export interface TestProcesses {
  /** A new one. */
  start(): string
  end(owner: string): void
  isGone(owner: string): boolean
}

/** Empty stores in memory. */
export const memoryStores = ({ clock = manualClock() }: { readonly clock?: ManualClock | undefined } = {}): TestStores => ({
  clock,
  log: memoryEventLog({ clock }),
  blobs: memoryBlobStore({ clock }),
  snapshots: memorySnapshotStore(),
  views: memoryViewStore(),
  ids: countedIds(),
  processes: testProcesses(),
})

const countedIds = (): IdSource => {
  let count = 0
  return { uuid: () => `00000000-0000-4000-8000-${(++count).toString(16).padStart(12, '0')}` }
}

const testProcesses = (): TestProcesses => {
  const gone = new Set<string>()
  let count = 0
  return {
    start: () => `test/${++count}/${count}`,
    end: (owner) => {
      gone.add(owner)
    },
    isGone: (owner) => gone.has(owner),
  }
}
