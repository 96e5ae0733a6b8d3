import { AppError } from '../../errors.ts'
import type { RecordedRunEvent } from '../../events/envelope.ts'
import { describeDifference, refoldStep, type Difference } from '../../fold/replay.ts'
import type { RunState } from '../../fold/run-state.ts'
import type { Agent } from '../agent.ts'
import { isWithoutCode } from '../code/code-errors.ts'
import { agentNamedBy, firstAgent, laterCode, type CodeParts, type LaterCode } from './fold-run.ts'
import { notFound, readRun } from './run-reader.ts'
import { readUnfolded } from './unfolded-run.ts'

export type Verification =
  | {
      readonly ok: true
      readonly events: number
      /** @internal */
      readonly state: RunState
    }
  | { readonly ok: false; readonly events: number; readonly difference: Difference; readonly report: string }

/**
 * Replays a run and stops at the first difference. Calls no model and no tool. Code that a run has moved to has to explain all that was before,
 * whether or not the code of then is here.
 */
export const verifyRun = (parts: CodeParts, runId: string): Promise<Verification> => verifyBy(parts, runId)

/** `by` is the code up to where the run has moved to it. */
const verifyBy = async (parts: CodeParts, runId: string, by?: LaterCode): Promise<Verification> => {
  let agent = by?.agent
  let state: RunState | undefined
  for await (const recorded of readRun(parts, runId)) {
    const { event } = recorded
    const found = by !== undefined && event.revision <= by.revision ? by : await codeAt(parts, event, agent)
    if (agent !== undefined ? found.agent !== agent : found.revision > event.revision) return verifyBy(parts, runId, found)
    agent = found.agent
    const refold = refoldStep(agent.program, state, recorded)
    if (!refold.ok)
      return (await verifiedLater(parts, runId, Math.max(event.revision, by?.revision ?? 0))) ?? failed(event, refold.difference)
    state = refold.state
  }
  if (state === undefined) throw notFound(runId)
  return { ok: true, events: state.revision + 1, state }
}

const failed = ({ revision }: RecordedRunEvent, difference: Difference): Verification => ({
  ok: false,
  events: revision,
  difference,
  report: describeDifference(difference),
})

/** By what the run has moved to behind a revision, where the code of then differs. */
const verifiedLater = async (parts: CodeParts, runId: string, behind: number): Promise<Verification | undefined> => {
  for await (const later of laterCode(parts, runId, behind)) return verifyBy(parts, runId, later)
  return undefined
}

/** What the run is on from this event on; where that is not here, what it has moved to later. */
const codeAt = async (parts: CodeParts, event: RecordedRunEvent, known: Agent | undefined): Promise<LaterCode> => {
  try {
    const agent = known === undefined ? firstAgent(parts, event) : (agentNamedBy(parts, event) ?? known)
    return { agent, revision: event.revision }
  } catch (error) {
    if (!isWithoutCode(error)) throw error
    for await (const later of laterCode(parts, event.runId, event.revision)) return later
    throw await withChain(parts, event.runId, error)
  }
}

/** Without the code of the run its chain of hashes is all that can be verified, and the error says whether it holds. */
const withChain = async (parts: CodeParts, runId: string, error: AppError): Promise<AppError> => {
  const { newest, brokenAt } = await readUnfolded(parts, runId)
  const chain =
    brokenAt === undefined
      ? `The chain of hashes over its ${newest.revision + 1} events holds.`
      : `Revision ${brokenAt} is not what was recorded: the chain of hashes is broken there.`
  return new AppError(error.code, `${error.message} ${chain}`, {
    details: { ...error.details, events: newest.revision + 1, brokenAt },
    cause: error,
  })
}
