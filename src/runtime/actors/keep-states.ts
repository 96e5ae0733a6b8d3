import type { RunState } from '../../fold/run-state.ts'
import { savedUpTo, saveState } from '../../fold/snapshot.ts'
import type { ActorParts } from './run-actor.ts'
import type { Agent } from '../agent.ts'
import type { RuntimeParts } from '../runtime-parts.ts'
import { isSavable } from '../reading/state-at.ts'

type Stored = ActorParts['stored']

/** How many events lie between two states that are kept of a run while it goes on. */
const KEPT_EVERY = 100

/** So many runs that have not ended are kept account of; of another one, nothing more is kept here. */
const MOST_RUNS = 10_000

/**
 * Keeps states of the runs that are begun here, so that the first look back at a long one need not fold it. What cannot be saved costs that look
 * its time, and nothing else. Of agents with projections nothing is kept: their code is not run for it.
 */
export const keepingStates = ({ snapshots, keepsStates = false }: RuntimeParts, stored: Stored, mostRuns = MOST_RUNS): Stored => {
  if (!keepsStates) return stored
  /** How many messages of its transcript are saved, by run. */
  const saved = new Map<string, number>()

  const keep: Stored = (agent, state, before) => {
    const { runId, revision } = state
    if (state.status !== 'active') saved.delete(runId)
    if (before === undefined || partOf(before.revision) === partOf(revision)) return
    const since = saved.get(runId) ?? (partOf(revision) === 1 ? 0 : undefined)
    if (since === undefined || agent.program.projections.length > 0 || !isSavable({ agent, state })) return
    const text = savedText(agent, state, since)
    if (text === undefined) return
    saved.delete(runId)
    saved.set(runId, savedUpTo(state))
    const [longestUntouched] = saved.keys()
    if (saved.size > mostRuns && longestUntouched !== undefined) saved.delete(longestUntouched)
    snapshots.put(runId, { revision, text }).catch(() => {
      saved.delete(runId)
    })
  }

  return (agent, state, before) => {
    stored(agent, state, before)
    keep(agent, state, before)
  }
}

const partOf = (revision: number): number => Math.floor(revision / KEPT_EVERY)

/** Undefined also for what JSON cannot carry: a context of a user's chart may hold anything. */
const savedText = (agent: Agent, state: RunState, since: number): string | undefined => {
  try {
    return saveState(agent.program, state, since)
  } catch {
    return undefined
  }
}
