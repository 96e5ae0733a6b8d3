import { isAppError } from '../errors.ts'
import type { RecordedRunEvent } from '../events/envelope.ts'
import { retrace, type Retraced } from '../fold/replay.ts'
import type { RunState } from '../fold/run-state.ts'
import type { Agent } from './agent.ts'
import { present } from '../present.ts'
import { placeChanged } from './chart-changed.ts'
import { agentNamedBy, firstAgent, laterCode, type CodeParts } from './code-of-run.ts'
import { notFound, readRun } from './run-reader.ts'
import { isWithoutCode } from './unfolded-run.ts'

/** What is known of a run: a beginning of its history, folded. */
export interface Known {
  readonly agent: Agent
  readonly state: RunState
  /** Of its first event in the log; undefined where this process has begun it. */
  readonly position?: number
}

/**
 * Folds a run event by event, from the beginning or on from what is known, each time with the code that the run was on, as far as that is here.
 * Rejects with `RunNotFound`, `UnknownAgent`, `ChartChanged`, `UnexpectedEvent`.
 */
export async function* foldRun(parts: CodeParts, runId: string, from?: Known): AsyncGenerator<Known> {
  let known = from
  for await (const { event } of readRun(parts, runId, (from?.state.revision ?? -1) + 1)) {
    const position = known === undefined ? event.position : known.position
    known = { ...(await next(parts, known, event)), ...present({ position }) }
    yield known
  }
}

const next = async (parts: CodeParts, known: Known | undefined, event: RecordedRunEvent): Promise<Known> => {
  try {
    const agent = known === undefined ? firstAgent(parts, event) : (agentNamedBy(parts, event) ?? known.agent)
    const hasMoved = known !== undefined && agent !== known.agent
    return hasMoved ? await foldAnew(parts, agent, event) : { agent, state: followed(agent, known?.state, event) }
  } catch (error) {
    if (!isWithoutCode(error)) throw error
    return byLaterCode(parts, event, error)
  }
}

const byLaterCode = async (parts: CodeParts, event: RecordedRunEvent, why: unknown): Promise<Known> => {
  for await (const { agent } of laterCode(parts, event.runId, event.revision)) {
    try {
      return await foldAnew(parts, agent, event)
    } catch (error) {
      if (!isWithoutCode(error)) throw error
    }
  }
  throw why
}

/** Up to and with an event, from the beginning, by one code alone. */
const foldAnew = async (parts: CodeParts, agent: Agent, { runId, revision }: RecordedRunEvent): Promise<Known> => {
  let state: RunState | undefined
  for await (const { event } of readRun(parts, runId)) {
    state = followed(agent, state, event)
    if (event.revision === revision) return { agent, state }
  }
  throw notFound(runId)
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
