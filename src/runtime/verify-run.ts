import { AppError } from '../errors.ts'
import type { RecordedRunEvent } from '../events/envelope.ts'
import { describeDifference, refoldStep, type Difference } from '../fold/replay.ts'
import type { RunState } from '../fold/run-state.ts'
import type { Agent } from './agent.ts'
import { agentOf } from './fold-run.ts'
import { notFound, readRun } from './run-reader.ts'
import type { RuntimeParts } from './runtime-parts.ts'
import { isWithoutCode, readUnfolded } from './unfolded-run.ts'

export type Verification =
  | {
      readonly ok: true
      readonly events: number
      /** @internal */
      readonly state: RunState
    }
  | { readonly ok: false; readonly events: number; readonly difference: Difference; readonly report: string }

/** Replays a run and stops at the first difference. Calls no model and no tool. */
export const verifyRun = async (parts: Pick<RuntimeParts, 'log' | 'blobs' | 'agents'>, runId: string): Promise<Verification> => {
  let agent: Agent | undefined
  let state: RunState | undefined
  for await (const recorded of readRun(parts, runId)) {
    agent ??= await agentOrChain(parts, recorded.event)
    const refold = refoldStep(agent.program, state, recorded)
    const events = recorded.event.revision
    if (!refold.ok) return { ok: false, events, difference: refold.difference, report: describeDifference(refold.difference) }
    state = refold.state
  }
  if (state === undefined) throw notFound(runId)
  return { ok: true, events: state.revision + 1, state }
}

/** Without the code of the run its chain of hashes is all that can be verified, and the error says whether it holds. */
const agentOrChain = async (parts: Pick<RuntimeParts, 'log' | 'blobs' | 'agents'>, first: RecordedRunEvent): Promise<Agent> => {
  try {
    return agentOf(parts, first)
  } catch (error) {
    if (!isWithoutCode(error)) throw error
    const { newest, brokenAt } = await readUnfolded(parts, first.runId)
    const chain =
      brokenAt === undefined
        ? `The chain of hashes over its ${newest.revision + 1} events holds.`
        : `Revision ${brokenAt} is not what was recorded: the chain of hashes is broken there.`
    throw new AppError(error.code, `${error.message} ${chain}`, {
      details: { ...error.details, events: newest.revision + 1, brokenAt },
      cause: error,
    })
  }
}
