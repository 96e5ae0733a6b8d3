import { AppError } from '../errors.ts'
import { step } from '../fold/fold.ts'
import type { RunState } from '../fold/run-state.ts'
import { restoreState, saveState } from '../fold/snapshot.ts'
import type { Snapshot } from '../snapshots/snapshot-store.ts'
import type { Agent } from './agent.ts'
import { readRun } from './run-reader.ts'
import type { RuntimeParts } from './runtime-parts.ts'

type StateAtParts = Pick<RuntimeParts, 'log' | 'blobs' | 'agents' | 'snapshots'>

/** How many events lie between two snapshots. */
const SNAPSHOT_EVERY = 500

/**
 * The fold up to and with one revision. The first look at a long run folds it from the beginning and leaves snapshots behind;
 * later ones begin at the nearest. Rejects with `InvalidInput` beyond the newest revision.
 */
export const stateAt = async (parts: StateAtParts, runId: string, revision: number): Promise<RunState> => {
  const found = await nearest(parts, runId, revision)
  if (found === undefined) return foldOn(parts, { runId, revision }, undefined)
  if (found.state.revision === revision) return found.state
  return foldOn(parts, { runId, revision }, found)
}

interface Position {
  readonly agent: Agent
  readonly state: RunState
}

const nearest = async (parts: StateAtParts, runId: string, revision: number): Promise<Position | undefined> => {
  const snapshots = await parts.snapshots.upTo(runId, revision).catch((): Snapshot[] => [])
  if (snapshots.length === 0) return undefined
  const { value: first } = await readRun(parts, runId, snapshots.at(-1)?.revision).next()
  const agent = await agentOf(parts, runId)
  const state = restoreState(
    agent.program,
    snapshots.map(({ text }) => text),
  )
  // A snapshot is believed only if the log holds the very event it ends with.
  if (state !== undefined && first?.event.meta.hash === state.hash) return { agent, state }
  await parts.snapshots.drop(runId)
  return undefined
}

const agentOf = async (parts: StateAtParts, runId: string): Promise<Agent> => {
  const { value: first } = await readRun(parts, runId, 0).next()
  if (first?.event.type !== 'RunStarted') throw new AppError('EventLogCorrupt', `Expected RunStarted first in ${runId}`)
  return parts.agents.ofRun(runId, first.event.data)
}

const foldOn = async (
  parts: StateAtParts,
  { runId, revision }: { readonly runId: string; readonly revision: number },
  from: Position | undefined,
): Promise<RunState> => {
  let agent = from?.agent
  let state = from?.state
  let saved = state?.transcript.length ?? 0
  if (state === undefined || revision > state.revision) {
    for await (const { event } of readRun(parts, runId, (state?.revision ?? -1) + 1)) {
      if (event.type === 'RunStarted') agent = parts.agents.ofRun(runId, event.data)
      if (agent === undefined) throw new AppError('EventLogCorrupt', `Expected RunStarted first in ${runId}, found ${event.type}`)
      state = step(agent.program, state, event).state
      if (isWorthSaving(agent, state)) {
        await parts.snapshots.put(runId, { revision: state.revision, text: saveState(agent.program, state, saved) }).catch(() => undefined)
        saved = state.transcript.length
      }
      if (event.revision === revision) return state
    }
  }
  throw new AppError('InvalidInput', `Expected a revision of ${runId} between 0 and ${state?.revision ?? 0}, found ${revision}`)
}

/** The agent's own projections hold what they like, so a run with any is folded from the beginning. */
const isWorthSaving = ({ program }: Agent, state: RunState): boolean =>
  program.projections.length === 0 && state.revision % SNAPSHOT_EVERY === SNAPSHOT_EVERY - 1 && state.status === 'active'
