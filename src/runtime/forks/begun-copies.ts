import { AppError } from '../../errors.ts'
import type { RecordedRunEvent } from '../../events/envelope.ts'
import type { RunFact } from '../../events/run-events.ts'
import type { RunState } from '../../fold/run-state.ts'
import { seal } from '../../fold/seal.ts'
import type { Agent } from '../agent.ts'
import { begunAnew } from '../commands/begun-anew.ts'
import { notFound, readRun } from '../reading/run-reader.ts'
import type { RuntimeParts } from '../runtime-parts.ts'
import { idOfCopy, type CopiedRun, type Copy } from './copied-events.ts'

export interface BegunCopies {
  readonly copies: readonly Copy[]
  readonly state: RunState
}

/**
 * The beginning of a run as another version of its agent would have recorded it, with its settings. The same each time, as copies are.
 * Rejects with `NotPossible` where more than messages has come in by then, and with what that version says to its input and context.
 */
export const beginAnew = async (
  parts: Pick<RuntimeParts, 'log' | 'blobs'>,
  agent: Agent,
  run: Omit<CopiedRun, 'code'>,
): Promise<BegunCopies> => {
  const copies: Copy[] = []
  let state: RunState | undefined
  for await (const { event } of readRun(parts, run.forkOf.runId)) {
    if (event.revision > run.forkOf.revision) break
    const sealed = seal(agent.program, state, begunFact(agent, run, event), {
      runId: run.runId,
      id: idOfCopy(run.runId, event.revision),
      at: event.meta.at,
      agent: agent.id,
      correlationId: run.runId,
    })
    state = sealed.state
    copies.push(sealed)
  }
  if (state === undefined) throw notFound(run.forkOf.runId)
  return { copies, state }
}

const begunFact = (agent: Agent, { forkOf }: Pick<CopiedRun, 'forkOf'>, event: RecordedRunEvent): RunFact => {
  if (event.type === 'MessageReceived') return { type: event.type, data: event.data }
  if (event.type === 'RunStarted') {
    const { parent: _, ...begun } = begunAnew(agent, event.data)
    return { type: event.type, data: { ...begun, forkOf } }
  }
  const { runId, revision } = event
  throw new AppError('NotPossible', `${runId} cannot be begun anew behind revision ${revision - 1}: ${event.type} follows there`, {
    details: { runId, revision, command: 'fork' },
  })
}
