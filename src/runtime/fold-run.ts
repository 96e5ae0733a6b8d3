import { AppError, isAppError } from '../errors.ts'
import type { RecordedRunEvent } from '../events/envelope.ts'
import { retrace, type Retraced } from '../fold/replay.ts'
import type { RunState } from '../fold/run-state.ts'
import type { Agent } from './agent.ts'
import { placeChanged } from './chart-changed.ts'
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
    known = { agent, state: followed(agent, known?.state, event) }
    yield known
  }
}

/** Where the code stands after a recorded event: exactly where the record says, or nobody may act on it. Throws `ChartChanged`. */
const followed = (agent: Agent, before: RunState | undefined, event: RecordedRunEvent): RunState => {
  const retraced = explained(agent, before, event)
  if (!retraced.ok) throw placeChanged(agent, event, retraced.disagreement)
  return retraced.state
}

const explained = (agent: Agent, before: RunState | undefined, event: RecordedRunEvent): Retraced => {
  try {
    return retrace(agent.program, before, event)
  } catch (error) {
    // It took the event when it was recorded.
    if (!isAppError(error, 'UnexpectedEvent') || error.details.chart === undefined) throw error
    return { ok: false, disagreement: { what: 'event', recorded: event.type, refolded: error.message } }
  }
}

/** The agent that a run's first event names. */
export const agentOf = ({ agents }: Pick<RuntimeParts, 'agents'>, event: RecordedRunEvent): Agent => {
  if (event.type === 'RunStarted') return agents.ofRun(event.runId, event.data)
  throw new AppError('EventLogCorrupt', `Expected RunStarted first in ${event.runId}, found ${event.type}`)
}
