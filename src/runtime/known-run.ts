import { AppError, isAppError } from '../errors.ts'
import { step } from '../fold/fold.ts'
import type { RunState } from '../fold/run-state.ts'
import type { Agent } from './agent.ts'
import { readRun } from './run-reader.ts'
import type { RuntimeParts } from './runtime-parts.ts'

export interface Known {
  readonly agent: Agent
  readonly state: RunState
}

/** What this process knows of a run: a beginning of its history, never more than the log holds. */
export interface KnownRun {
  now(): Known | undefined
  /** Every event of the state has to be stored. */
  learn(known: Known): void
  /** Folds what the log holds beyond what is known. Rejects with `RunNotFound`, `UnknownAgent`, `ChartChanged`, `UnexpectedEvent`. */
  refresh(): Promise<Known>
  /** The same, but a run that is not there yet is no error. */
  look(): Promise<Known | undefined>
}

export const createKnownRun = (parts: RuntimeParts, runId: string): KnownRun => {
  let known: Known | undefined

  const refresh = async (): Promise<Known> => {
    let agent = known?.agent
    let state = known?.state
    for await (const { event } of readRun(parts, runId, (state?.revision ?? -1) + 1)) {
      if (event.type === 'RunStarted') agent = parts.agents.ofRun(runId, event.data)
      if (agent === undefined) throw new AppError('EventLogCorrupt', `Expected RunStarted first in ${runId}, found ${event.type}`)
      state = step(agent.program, state, event).state
    }
    if (agent === undefined || state === undefined) throw new AppError('RunNotFound', `Expected a run ${runId}, found no events of it`)
    known = { agent, state }
    return known
  }

  return {
    now: () => known,
    learn: (next) => {
      known = next
    },
    refresh,
    look: () =>
      refresh().catch((error: unknown) => {
        if (isAppError(error, 'RunNotFound')) return undefined
        throw error
      }),
  }
}
