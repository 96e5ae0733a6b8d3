import { AppError } from '../../errors.ts'
import type { RecordedRunEvent } from '../../events/envelope.ts'
import { restoreState, savedUpTo, saveState, startOf } from '../../fold/snapshot.ts'
import type { Snapshot } from '../../snapshots/snapshot-store.ts'
import type { Agent } from '../agent.ts'
import { isWithoutCode } from '../code/code-errors.ts'
import type { RuntimeParts } from '../runtime-parts.ts'
import { foldRun, type Known } from './fold-run.ts'
import { readRun } from './run-reader.ts'

type StateAtParts = Pick<RuntimeParts, 'log' | 'blobs' | 'agents' | 'snapshots'>

/** How many events lie between two snapshots. */
const SNAPSHOT_EVERY = 500

/**
 * The fold up to and with one revision. The first look at a long run folds it from the beginning and leaves snapshots behind;
 * later ones begin at the nearest. Rejects with `InvalidInput` beyond the newest revision.
 */
export const stateAt = async (parts: StateAtParts, runId: string, revision: number): Promise<Known> => {
  const from = await nearest(parts, runId, revision)
  if (from?.state.revision === revision) return from
  let saved = from === undefined ? 0 : savedUpTo(from.state)
  let newest = from?.state.revision ?? -1
  if (revision >= 0) {
    for await (const known of foldRun(parts, runId, from)) {
      const { state } = known
      newest = state.revision
      if (isWorthSaving(known) && (await save(parts, known, saved))) saved = savedUpTo(state)
      if (state.revision === revision) return known
    }
  }
  throw beyond(runId, revision, newest)
}

export const beyond = (runId: string, revision: number, newest: number): AppError =>
  new AppError('InvalidInput', `Expected a revision of ${runId} between 0 and ${Math.max(0, newest)}, found ${revision}`)

const nearest = async (parts: StateAtParts, runId: string, revision: number): Promise<Known | undefined> => {
  const snapshots = await parts.snapshots.upTo(runId, revision).catch((): Snapshot[] => [])
  const last = snapshots.at(-1)
  if (last === undefined) return undefined
  const agent = agentOf(parts, runId, last)
  if (agent === undefined) return undefined
  const state = restoreState(
    agent.program,
    snapshots.map(({ text }) => text),
  )
  // A snapshot is believed only if the log holds the very event it ends with.
  if (state !== undefined && (await eventAt(parts, runId, last.revision)).meta.hash === state.hash) return { agent, state }
  await parts.snapshots.drop(runId)
  return undefined
}

/** Whose fold it is, where that is here. */
const agentOf = ({ agents }: StateAtParts, runId: string, { text }: Snapshot): Agent | undefined => {
  const started = startOf(text)
  try {
    return started === undefined ? undefined : agents.ofRun(runId, started)
  } catch (error) {
    if (isWithoutCode(error)) return undefined
    throw error
  }
}

const eventAt = async (parts: StateAtParts, runId: string, revision: number): Promise<RecordedRunEvent> => {
  for await (const { event } of readRun(parts, runId, revision)) return event
  throw new AppError('EventLogCorrupt', `Expected an event at revision ${revision} of ${runId}, found none`)
}

const isWorthSaving = (known: Known): boolean => known.state.revision % SNAPSHOT_EVERY === SNAPSHOT_EVERY - 1 && isSavable(known)

/** What other code stands in for is saved by none. */
export const isSavable = ({ agent, state }: Known): boolean => agent.version === state.started.agentVersion && state.status === 'active'

/** Whether it was saved. A cache that cannot be written costs the next look its time, and nothing else. */
const save = async ({ snapshots }: StateAtParts, { agent, state }: Known, since: number): Promise<boolean> => {
  const text = saveState(agent.program, state, since)
  if (text === undefined) return false
  return snapshots.put(state.runId, { revision: state.revision, text }).then(
    () => true,
    () => false,
  )
}
