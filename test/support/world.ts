import { setImmediate as nextTurn } from 'node:timers/promises'
import type { BlobStore } from '../../src/blobs/blob-store.ts'
import type { EventLog } from '../../src/eventlog/event-log.ts'
import { decodeEvent, streamOf } from '../../src/events/codec.ts'
import type { RunEvent } from '../../src/events/envelope.ts'
import type { Usage } from '../../src/events/message.ts'
import type { Models } from '../../src/models/model.ts'
import type { SnapshotStore } from '../../src/snapshots/snapshot-store.ts'
import type { RestoreMark } from '../../src/runtime/runtime-parts.ts'
import type { Agent } from '../../src/runtime/agent.ts'
import { present } from '../../src/present.ts'
import { manualClock, type ManualClock } from '../../src/testing/manual-clock.ts'
import { memoryStores } from '../../src/testing/memory-stores.ts'
import { agentRegistry } from '../../src/runtime/code/agents.ts'
import { createRefold, type RefoldCore } from '../../src/runtime/refold.ts'
import type { Run } from '../../src/runtime/run-handle.ts'
import type { RunView } from '../../src/fold/run-view.ts'
import type { Notice } from '../../src/runtime/notices.ts'

export { manualClock, type ManualClock }

export interface World {
  readonly refold: RefoldCore
  readonly log: EventLog
  readonly blobs: BlobStore
  readonly snapshots: SnapshotStore
  readonly clock: ManualClock
  readonly notices: readonly Notice[]
}

export interface WorldOptions {
  readonly agents: readonly Agent[]
  readonly models?: Models
  readonly dependencies?: Readonly<Record<string, unknown>>
  readonly log?: EventLog
  readonly blobs?: BlobStore
  readonly clock?: ManualClock
  readonly owner?: string
  readonly ownerIsGone?: (owner: string) => boolean
  readonly costOf?: (usage: Usage) => number | undefined
  readonly idleRunsInMemory?: number
  readonly mostLostOwners?: number
  readonly storeOffsetMs?: number
  readonly restore?: RestoreMark
  readonly snapshots?: SnapshotStore
  readonly keepsStates?: boolean
}

/** Lets everything happen that needs no time, then jumps from timer to timer until the run waits for somebody or has ended. */
export const settle = async ({ clock }: Pick<World, 'clock'>, run: Run): Promise<RunView> => {
  let settled: RunView | undefined
  let failed: unknown
  run.untilSettled().then(
    (view) => (settled = view),
    (error: unknown) => (failed = error),
  )
  for (let turns = 0; turns < 10_000; turns++) {
    await nextTurn()
    if (failed !== undefined) throw failed as Error
    if (settled !== undefined) return settled
    clock.next()
  }
  throw new Error(`${run.id} never settled: ${JSON.stringify(await run.state())}`)
}

/** All that is recorded of a run by now. */
export const eventsOf = async ({ log }: Pick<World, 'log'>, runId: string): Promise<RunEvent[]> => {
  const events: RunEvent[] = []
  for await (const stored of log.readStream(streamOf(runId))) events.push(decodeEvent(stored, new Map()))
  return events
}

/** Refold in memory: nothing of it is a stand-in but the clock and the models. */
export const openWorld = ({ agents, models = {}, costOf = () => 0, ...options }: WorldOptions): World => {
  const clock = options.clock ?? manualClock()
  const stores = memoryStores({ clock })
  const blobs = options.blobs ?? stores.blobs
  const snapshots = options.snapshots ?? stores.snapshots
  const log = options.log ?? stores.log
  const notices: Notice[] = []
  let count = 0
  const owner = options.owner ?? 'here/1/a'
  const refold = createRefold({
    log,
    blobs,
    snapshots,
    agents: agentRegistry(agents, (notice) => notices.push(notice), options.dependencies),
    models,
    clock,
    ids: { uuid: () => `00000000-0000-4000-8000-${owner.length.toString(16).padStart(2, '0')}${(++count).toString(16).padStart(10, '0')}` },
    random: () => 0.5,
    owner,
    ownerIsGone: options.ownerIsGone ?? (() => false),
    costOf: (_model, usage) => costOf(usage),
    modelConcurrency: 8,
    ...present({
      idleRunsInMemory: options.idleRunsInMemory,
      mostLostOwners: options.mostLostOwners,
      keepsStates: options.keepsStates,
      storeOffsetMs: options.storeOffsetMs === undefined ? undefined : () => options.storeOffsetMs ?? 0,
      restore: options.restore === undefined ? undefined : () => Promise.resolve(options.restore),
    }),
    notify: (notice) => notices.push(notice),
  })
  return { refold, log, blobs, snapshots, clock, notices }
}
