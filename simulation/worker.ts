import { createSweeper } from '../src/consumers/sweeper.ts'
import type { Projector } from '../src/consumers/projector.ts'
import { isAppError, messageOf } from '../src/errors.ts'
import { present } from '../src/present.ts'
import type { RestoreMark } from '../src/runtime/runtime-parts.ts'
import { agentRegistry } from '../src/runtime/code/agents.ts'
import { createRefold, type Refold } from '../src/runtime/refold.ts'
import type { Runtime } from '../src/runtime/runtime.ts'
import type { Notice } from '../src/runtime/notices.ts'
import type { SnapshotStore } from '../src/snapshots/snapshot-store.ts'
import type { ViewStore } from '../src/views/view-store.ts'
import { agentsWith } from './agents.ts'
import type { Code } from './code.ts'
import { newLife, type Life } from './life.ts'
import type { OutsideWorld } from './outside-world.ts'
import { distantBlobs, distantLog, machineClock, type SteppingClock, type Surroundings } from './process-ports.ts'
import { simulatedModel, type ModelParts } from './simulated-model.ts'
import type { Deed } from './tally.ts'

/** One process of the cluster, in one of its lives. */
export interface Worker {
  readonly life: Life
  readonly refold: Refold
  readonly runtime: Runtime
  readonly clock: SteppingClock
  readonly code: Code
}

export interface Cluster extends Surroundings {
  readonly models: ModelParts
  readonly world: OutsideWorld
  readonly views: ViewStore
  readonly projector: Projector
  readonly snapshots: SnapshotStore
  readonly problems: string[]
  random(): number
  readonly count: (deed: Deed) => void
  /** Whether it is no wonder that a process of this code cannot go on with what it finds. */
  mayDiffer(code: Code): boolean
  isGone(owner: string): boolean
  /** Whether a process looks for runs that nobody works on; without it, only those that know a run see to it. */
  readonly sweeps: boolean
  readonly idleRunsInMemory: number
  /** Of a cluster that begins on an older copy of its log. */
  readonly restore?: () => Promise<RestoreMark | undefined>
}

const SWEEP_INTERVAL_MS = 5_000
const MODELS_AT_ONCE = 1

/** The real runtime, on ports that can fail. It begins with what was left behind, as a real process does. */
export const startWorker = (cluster: Cluster, owner: string, code: Code): Worker => {
  const life = newLife(cluster.time, owner)
  const clock = machineClock(cluster.time, life)
  const refold = createRefold({
    log: distantLog(cluster, life),
    blobs: distantBlobs(cluster, life),
    snapshots: cluster.snapshots,
    agents: agentRegistry(agentsWith(cluster.world.handsOf(life), code)),
    models: { alpha: simulatedModel(cluster.models, life, 'alpha'), beta: simulatedModel(cluster.models, life, 'beta') },
    clock,
    ids: ids(owner),
    random: () => cluster.random(),
    owner,
    ownerIsGone: (other) => cluster.isGone(other),
    costOf: () => 7,
    modelConcurrency: MODELS_AT_ONCE,
    idleRunsInMemory: cluster.idleRunsInMemory,
    ...present({ restore: cluster.restore }),
    notify: (notice) => heed(cluster, { life, code }, notice),
  })
  const worker = { life, refold, runtime: refold.runtime, clock, code }
  if (cluster.sweeps) sweep(cluster, worker)
  return worker
}

const sweep = (cluster: Cluster, worker: Worker): void => {
  const { life, runtime, clock } = worker
  const idle = { ...clock, setTimer: (delayMs: number, wake: () => void) => life.later(delayMs, wake, { idle: true }) }
  const sweeper = createSweeper({
    ...cluster,
    runtime,
    clock: idle,
    intervalMs: SWEEP_INTERVAL_MS,
    notify: (notice) => heed(cluster, worker, notice),
  })
  const forEver = new AbortController()
  sweeper.recover().then(
    () => {
      sweeper.run(forEver.signal)
    },
    (error: unknown) => void cluster.problems.push(`${life.owner} cannot recover: ${messageOf(error)}`),
  )
}

const heed = (cluster: Cluster, { life: { owner }, code }: Pick<Worker, 'life' | 'code'>, notice: Notice): void => {
  const { tell, problems } = cluster
  tell(() => `${owner}: ${Object.values(notice).join(' ')}`)
  if (notice.type === 'sweepFailed') problems.push(`${owner}: a sweep failed: ${notice.message}`)
  if (notice.type !== 'runBroken' && notice.type !== 'runsLeft') return
  if (cluster.mayDiffer(code)) cluster.count('noticedChanges')
  else problems.push(`${owner} cannot go on: ${Object.values(notice).join(' ')}`)
}

/** Codes by which a port's misfortune reaches a caller; everything else is a defect. */
export const isMisfortune = (error: unknown): boolean => MISFORTUNES.some((code) => isAppError(error, code))

/** `OutcomeUnknown` where the process closes before the log has answered. */
const MISFORTUNES = ['EventLogUnavailable', 'EventLogConflict', 'OutcomeUnknown', 'Closed'] as const

const ids = (owner: string): { uuid(): string } => {
  const [slot = '0', life = '0'] = owner.replace('worker-', '').split('/')
  const prefix = `${slot.padStart(8, '0')}-${life.padStart(4, '0')}-4000-8000-`
  let count = 0
  return { uuid: () => prefix + (count++).toString(16).padStart(12, '0') }
}
