import type { RunFact } from '../events/run-events.ts'
import type { BlobStore } from '../blobs/blob-store.ts'
import type { Clock, IdSource, Random } from '../clock.ts'
import type { EventLog } from '../eventlog/event-log.ts'
import type { Usage } from '../events/message.ts'
import type { Models } from '../models/model.ts'
import type { SnapshotStore } from '../snapshots/snapshot-store.ts'
import type { Agents } from './code/agents.ts'
import type { Delta } from './deltas.ts'
import type { Notice } from './notices.ts'

/** Everything that the runtime is given. Nothing in it is taken from the process. */
export interface RuntimeParts {
  readonly log: EventLog
  readonly blobs: BlobStore
  readonly snapshots: SnapshotStore
  /** Whether states of runs are kept there while they go on, and not only where somebody looks back: for a store that is no memory. */
  readonly keepsStates?: boolean
  readonly agents: Agents
  readonly models: Models
  /** What to do so that a provider is there, in words; undefined where nobody can say. */
  readonly remedyFor?: (provider: string) => string | undefined
  readonly clock: Clock
  /** How far the clock of the store is ahead of `clock`, as it was measured; nothing where the store has none of its own. */
  readonly storeOffsetMs?: () => number
  readonly ids: IdSource
  readonly random: Random
  /** Names this process and this life of it; written into each claim. */
  readonly owner: string
  /** Whether the process of another owner has certainly ended; where unsure, its lease has to pass. */
  readonly ownerIsGone: (owner: string) => boolean
  /** In millionths of a US dollar, or undefined where no price is known. */
  readonly costOf: (model: string, usage: Usage) => number | undefined
  /** Model calls at one time in this process. */
  readonly modelConcurrency: number
  /** Runs that wait for nothing of this process stay so many in memory, 256 by default: another look at one that does not folds it again. */
  readonly idleRunsInMemory?: number
  /** A call during which so many processes have ended is given up; 3 by default. */
  readonly mostLostOwners?: number
  /** The newest restore of the log, as of when this process began. Rejects with what the log says. */
  readonly restore?: () => Promise<RestoreMark | undefined>
  readonly notify: (notice: Notice) => void
  /** Text of answers as it comes: a side channel, never part of the log. */
  readonly onDelta: (runId: string, delta: Delta) => void
}

/** An older copy of the log was restored, and everything before this position was in it or was done before anybody knew. */
export interface RestoreMark {
  readonly id: string
  readonly position: number
  /** Runs that are known to have been begun, and that the copy lacks or holds only the beginning of. */
  readonly lostRuns: { has(runId: string): boolean }
}

/** Now by the clock of the store: what leases are counted in, since all processes have it in common. */
export const storeNow = ({ clock, storeOffsetMs }: Pick<RuntimeParts, 'clock' | 'storeOffsetMs'>): number =>
  clock.now() + (storeOffsetMs?.() ?? 0)

/** What an effect came to, with the bytes that it names. */
export type ResultFact = RunFact & { readonly bytes?: readonly Uint8Array[] }
