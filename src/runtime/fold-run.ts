import { AppError } from '../errors.ts'
import type { RecordedRunEvent } from '../events/envelope.ts'
import { step } from '../fold/fold.ts'
import type { RunState } from '../fold/run-state.ts'
import type { Agent } from './agent.ts'
import { readRun } from './run-reader.ts'
import type { RuntimeParts } from './runtime-parts.ts'

/** What is known of a run: a beginning of its history, folded. */
export interface Known {
  readonly agent: Agent
  readonly state: RunState
}

/** Folds a run event by event, from the beginning or on from what is known. Rejects with `RunNotFound`, `UnknownAgent`, `ChartChanged`, `UnexpectedEvent`. */
export async function* foldRun(parts: Pick<RuntimeParts, 'log' | 'blobs' | 'agents'>, runId: string, from?: Known): AsyncGenerator<Known> {
  let known = from
  for await (const { event } of readRun(parts, runId, (from?.state.revision ?? -1) + 1)) {
    const agent: Agent = known?.agent ?? agentOf(parts, event)
    known = { agent, state: step(agent.program, known?.state, event).state }
    yield known
  }
}

/** The agent that a run's first event names. */
export const agentOf = ({ agents }: Pick<RuntimeParts, 'agents'>, event: RecordedRunEvent): Agent => {
  if (event.type === 'RunStarted') return agents.ofRun(event.runId, event.data)
  throw new AppError('EventLogCorrupt', `Expected RunStarted first in ${event.runId}, found ${event.type}`)
}
