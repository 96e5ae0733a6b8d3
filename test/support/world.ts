import { setImmediate as nextTurn } from 'node:timers/promises'
import { memoryBlobStore } from '../../src/blobs/blob-store.memory.ts'
import type { BlobStore } from '../../src/blobs/blob-store.ts'
import type { Clock } from '../../src/clock.ts'
import { memoryEventLog } from '../../src/eventlog/memory/memory-event-log.ts'
import type { EventLog } from '../../src/eventlog/event-log.ts'
import { decodeEvent, streamOf } from '../../src/events/codec.ts'
import type { RunEvent } from '../../src/events/envelope.ts'
import type { Models } from '../../src/models/model.ts'
import type { RestoreMark } from '../../src/runtime/runtime-parts.ts'
import type { Agent } from '../../src/runtime/agent.ts'
import { present } from '../../src/present.ts'
import { memorySnapshotStore } from '../../src/snapshots/snapshot-store.memory.ts'
import { agentRegistry } from '../../src/runtime/code/agents.ts'
import { createRefold, type RefoldCore } from '../../src/runtime/refold.ts'
import type { Run } from '../../src/runtime/run-handle.ts'
import type { RunView } from '../../src/fold/run-view.ts'
import type { Notice } from '../../src/runtime/notices.ts'

/** A clock that stands still until it is told to move; its timers fire in order of their time. */
export interface ManualClock extends Clock {
  advance(byMs: number): void
  /** Jumps to the next timer; false where none is armed. */
  next(): boolean
}

export const manualClock = (startsAt = 1_700_000_000_000): ManualClock => {
  let now = startsAt
  let timers: { at: number; wake: () => void }[] = []
  const advanceTo = (time: number): void => {
    for (;;) {
      const due = timers.filter(({ at }) => at <= time).sort((a, b) => a.at - b.at)[0]
      if (due === undefined) break
      timers = timers.filter((timer) => timer !== due)
      now = Math.max(now, due.at)
      due.wake()
    }
    now = Math.max(now, time)
  }
  return {
    now: () => now,
    setTimer(delayMs, wake) {
      const timer = { at: now + delayMs, wake }
      timers.push(timer)
      return () => {
        timers = timers.filter((other) => other !== timer)
      }
    },
    advance: (byMs) => {
      advanceTo(now + byMs)
    },
    next() {
      const [first] = [...timers].sort((a, b) => a.at - b.at)
      if (first !== undefined) advanceTo(first.at)
      return first !== undefined
    },
  }
}

export interface World {
  readonly refold: RefoldCore
  readonly log: EventLog
  readonly blobs: BlobStore
  readonly clock: ManualClock
  readonly notices: readonly Notice[]
}

export interface WorldOptions {
  readonly agents: readonly Agent[]
  readonly models?: Models
  readonly dependencies?: Readonly<Record<string, unknown>>
  readonly log?: EventLog
  readonly clock?: ManualClock
  readonly owner?: string
  readonly ownerIsGone?: (owner: string) => boolean
  readonly costOf?: () => number | undefined
  readonly idleRunsInMemory?: number
  readonly mostLostOwners?: number
  readonly storeOffsetMs?: number
  readonly restore?: RestoreMark
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
  const log = options.log ?? memoryEventLog({ clock })
  const blobs = memoryBlobStore()
  const notices: Notice[] = []
  let count = 0
  const owner = options.owner ?? 'here/1/a'
  const refold = createRefold({
    log,
    blobs,
    snapshots: memorySnapshotStore(),
    agents: agentRegistry(agents, (notice) => notices.push(notice), options.dependencies),
    models,
    clock,
    ids: { uuid: () => `00000000-0000-4000-8000-${owner.length.toString(16).padStart(2, '0')}${(++count).toString(16).padStart(10, '0')}` },
    random: () => 0.5,
    owner,
    ownerIsGone: options.ownerIsGone ?? (() => false),
    costOf,
    modelConcurrency: 8,
    ...present({
      idleRunsInMemory: options.idleRunsInMemory,
      mostLostOwners: options.mostLostOwners,
      storeOffsetMs: options.storeOffsetMs === undefined ? undefined : () => options.storeOffsetMs ?? 0,
      restore: options.restore === undefined ? undefined : () => Promise.resolve(options.restore),
    }),
    notify: (notice) => notices.push(notice),
  })
  return { refold, log, blobs, clock, notices }
}
