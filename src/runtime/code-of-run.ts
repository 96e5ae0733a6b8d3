import { AppError } from '../errors.ts'
import { streamOf } from '../events/codec.ts'
import type { RecordedRunEvent } from '../events/envelope.ts'
import type { Agent } from './agent.ts'
import { notFound, readEvent, readRun } from './run-reader.ts'
import type { RuntimeParts } from './runtime-parts.ts'
import { isWithoutCode } from './unfolded-run.ts'

// Which code folds a run.
//
//   C1. The first event names it, and so does each move to another version, from there on.
//   C2. Whoever moves a run has checked that the new code explains all that happened before. So where the code of a time is not here, or was
//       changed, any that the run has moved to later stands in for it.

export type CodeParts = Pick<RuntimeParts, 'log' | 'blobs' | 'agents'>

/** The agent that a run is on from this event on: undefined where the event says nothing of it. Throws `UnknownAgent` or `ChartChanged`. */
export const agentNamedBy = ({ agents }: Pick<CodeParts, 'agents'>, event: RecordedRunEvent): Agent | undefined =>
  event.type === 'RunStarted' || event.type === 'RunMoved' ? agents.ofRun(event.runId, event.data) : undefined

/** The agent that the first event of a run names. */
export const firstAgent = (parts: Pick<CodeParts, 'agents'>, event: RecordedRunEvent): Agent => {
  const agent = event.revision === 0 ? agentNamedBy(parts, event) : undefined
  if (agent !== undefined) return agent
  throw new AppError('EventLogCorrupt', `Expected RunStarted first in ${event.runId}, found ${event.type}`)
}

/** The agent that a run was on at a revision, whatever it has moved to behind it. Rejects with `RunNotFound`, `UnknownAgent`, `ChartChanged`. */
export const agentAt = async (parts: CodeParts, runId: string, revision = Infinity): Promise<Agent> => {
  let named: RecordedRunEvent | undefined
  for await (const { event } of readRun(parts, runId)) {
    if (named !== undefined && event.revision > revision) break
    if (named === undefined || event.type === 'RunMoved') named = event
  }
  if (named === undefined) throw notFound(runId)
  return agentNamedBy(parts, named) ?? firstAgent(parts, named)
}

export interface LaterCode {
  readonly agent: Agent
  /** Of the event by which the run has moved to it. */
  readonly revision: number
}

/** The versions that a run has moved to behind a revision, as far as this process has them. */
export async function* laterCode(parts: CodeParts, runId: string, behind: number): AsyncGenerator<LaterCode> {
  for await (const stored of parts.log.readStream(streamOf(runId), { from: behind + 1 })) {
    if (stored.type !== 'RunMoved') continue
    const agent = ifHere(parts, await readEvent(parts.blobs, stored))
    if (agent !== undefined) yield { agent, revision: stored.revision }
  }
}

const ifHere = (parts: CodeParts, event: RecordedRunEvent): Agent | undefined => {
  try {
    return agentNamedBy(parts, event)
  } catch (error) {
    if (isWithoutCode(error)) return undefined
    throw error
  }
}
