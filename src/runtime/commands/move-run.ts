import { AppError } from '../../errors.ts'
import type { Command } from '../../fold/decide.ts'
import type { Owed, RunState } from '../../fold/run-state.ts'
import { present } from '../../present.ts'
import { appendBatch, createBatch, type Batch } from '../actors/batch.ts'
import type { RecordedOrigin } from '../actors/jobs.ts'
import type { ActorParts } from '../actors/run-actor.ts'
import type { Agent } from '../agent.ts'
import { askedAgain } from '../answers/answer-tool-call.ts'
import { isAbandoned } from '../answers/takeover.ts'
import { type CommandOrigin, checkCommand, checkOrigin, handedIn } from '../checked-input.ts'
import { type RuntimeParts, storeNow } from '../runtime-parts.ts'
import { examineMove, notMovable, type Examined } from './move-check.ts'
import { checkRepeatedCommand, hashOfCommand } from './repeated-commands.ts'
import { initialDataOf } from './start-run.ts'

export type Move = Extract<Command, { type: 'move' }>

export type MoverParts = Pick<ActorParts, 'parts' | 'store' | 'signal'>

export interface RequestedMove {
  readonly runId: string
  readonly command: Move
  readonly origin: CommandOrigin
  readonly current: (runId: string) => Promise<RunState>
}

const MOST_CONFLICTS = 100

/**
 * Lets a run go on with other code of its agent, if that explains all of its history and can go on with all that is open. What waits for an
 * approval is asked again, since a grant is for one version. Nothing may be under way meanwhile: its result would come to code that is gone.
 * Rejects with `NotPossible` and every difference, `UnknownAgent`, `RunNotFound`, `InvalidInput`, `IdempotencyKeyReused`.
 */
export const moveOnce = async (mover: MoverParts, { runId, command: given, origin, current }: RequestedMove): Promise<RunState> => {
  const command = handedIn(given)
  checkCommand(command)
  checkOrigin(origin)
  const { parts } = mover
  const { commandId } = origin
  const recorded: RecordedOrigin = { ...origin, actor: command.by, ...present({ commandHash: commandId && hashOfCommand(command) }) }
  for (let conflicts = 0; conflicts < MOST_CONFLICTS; conflicts++) {
    const examined = await examineMove(parts, { runId, to: command.to, ...present({ commandId }) })
    if (commandId !== undefined && examined.isRepeated) {
      await checkRepeatedCommand(parts, runId, { command, commandId })
      return current(runId)
    }
    const state = movable(parts, examined)
    if (examined.isThere) return state
    const moved = await append(mover, examined.agent, state, { command, origin: recorded })
    if (moved !== undefined) return moved
  }
  throw new AppError('EventLogConflict', `${runId} was changed by others ${MOST_CONFLICTS} times in a row`, { retryable: true })
}

/** The state that the other code goes on from. */
const movable = (parts: RuntimeParts, examined: Examined): RunState => {
  const { state } = examined
  if (state === undefined || !examined.ok) throw notMovable(examined, false)
  if (examined.isThere) return state
  const busy = [...state.owed.values()].filter((owed) => isUnderWay(parts, owed))
  if (busy.length === 0) return state
  const differences = busy.map(({ key, owner = '' }) => ({
    what: 'call' as const,
    expected: 'nothing that is under way: pause the run, and move it once that has ended',
    found: `${key}, which ${owner} performs`,
  }))
  throw notMovable({ ...examined, differences }, true)
}

/** Whoever performs it may have no other code than that of now. */
const isUnderWay = (parts: RuntimeParts, owed: Owed): boolean =>
  owed.status === 'claimed' && !isAbandoned(owed, { owner: parts.owner, storeAt: storeNow(parts) }, parts.ownerIsGone)

interface Granted {
  readonly command: Move
  readonly origin: RecordedOrigin
}

/** Undefined on a conflict. */
const append = async (mover: MoverParts, agent: Agent, state: RunState, granted: Granted): Promise<RunState | undefined> => {
  const { parts, signal } = mover
  const batch = batchOf(parts, agent, state, granted)
  const isStored = await appendBatch(parts, {
    runId: state.runId,
    batch,
    before: state,
    store: (texts) => mover.store(agent, texts),
    signal,
    failed: () => undefined,
  })
  return isStored ? batch.state() : undefined
}

const batchOf = (parts: RuntimeParts, agent: Agent, state: RunState, { command, origin }: Granted): Batch => {
  const { runId, correlationId, started } = state
  const batch = createBatch(parts, { agent, runId, before: state, correlationId })
  const { by, note } = command
  const { name, version, program, definition } = agent
  const moved = { by, agent: name, fromVersion: started.agentVersion, agentVersion: version, chartHash: program.chartHash, definition }
  const { instructions } = initialDataOf(agent, { input: started.input, context: started.context })
  batch.push({ type: 'RunMoved', data: { ...moved, ...present({ note, instructions }) } }, undefined, origin)
  const cause = batch.sealed[0]?.event.id
  for (const fact of askedAgain(agent, state.approvals)) batch.push(fact, cause)
  return batch
}
