import { AppError } from '../errors.ts'
import type { RunFact } from '../events/run-events.ts'
import { decide, type ChartCommand } from '../fold/decide.ts'
import type { RunState } from '../fold/run-state.ts'
import type { Agent } from './agent.ts'
import { askedAgain } from './asked-again.ts'
import type { GrantedWish, WishOrigin } from './batch.ts'
import { checkCommand, checkOrigin } from './checked-wish.ts'
import { checkedJson } from './checked-json.ts'
import { tooManyUnread } from './full-inbox.ts'
import { handedIn } from './handed-in.ts'
import type { Job } from './job.ts'
import { checkRepeatedCommand, hashOfCommand } from './repeated-wish.ts'
import { notFound } from './run-reader.ts'
import type { RuntimeParts } from './runtime-parts.ts'
import { withReadOutput } from './settled-output.ts'
import { checkMessage } from './start-run.ts'

/** What is possible also where code of the agent has failed. */
const STOPPING: ReadonlySet<ChartCommand['type']> = new Set(['cancel', 'fail', 'pause', 'deny'])

interface Wished {
  readonly runId: string
  readonly command: ChartCommand
  readonly wish: WishOrigin
}

/**
 * What somebody wishes now, whatever becomes of their objects while it waits for its turn; under one command id it is granted once.
 * Rejects with `InvalidInput`, `TooLarge`, `NotPossible`, `RunNotFound`, and `IdempotencyKeyReused` for another wish under a known id.
 */
export const commandOnce = async (
  stores: Pick<RuntimeParts, 'log' | 'blobs'>,
  submit: (runId: string, job: Job) => Promise<RunState>,
  { runId, command: given, wish: origin }: Wished,
): Promise<RunState> => {
  if (given.type === 'sendMessage' && typeof given.text === 'string') checkMessage(given.text)
  const command = handedIn(given)
  checkCommand(command)
  checkOrigin(origin)
  const { commandId } = origin
  const wish: GrantedWish = commandId === undefined ? { ...origin } : { ...origin, commandHash: hashOfCommand(command) }
  const state = await submit(runId, jobOf(runId, command, wish))
  if (commandId !== undefined && state.commandIds.get(commandId) !== wish.commandHash)
    await checkRepeatedCommand(stores, runId, { command, commandId })
  return state
}

const jobOf = (runId: string, given: ChartCommand, wish: GrantedWish): Job => ({
  length: JSON.stringify(given).length,
  decide: (state, desk) => {
    if (state === undefined) return { refuse: notFound(runId) }
    const { command, problem } = withReadOutput(desk.agent, state, given)
    const decision = decide(state, command, desk.at, wish.commandId)
    if (!decision.ok) return { refuse: new AppError('NotPossible', decision.reason, { details: { runId, command: command.type } }) }
    const refused = decision.facts.length === 0 ? undefined : (tooManyUnread(desk.agent, state, command) ?? problem)
    if (refused !== undefined) return { refuse: refused }
    const facts = decision.facts.flatMap((fact) => [
      withCheckedOutput(desk.agent, fact),
      ...withdrawn(desk.agent, state, fact),
      ...(fact.type === 'RunReopened' ? askedAgain(desk.agent, state.beforeFailure?.approvals ?? new Map()) : []),
    ])
    return { facts, wish: 'by' in command ? { ...wish, actor: command.by } : wish, anyway: STOPPING.has(command.type) }
  },
})

/** What people were asked before somebody said more. */
const withdrawn = (agent: Agent, state: RunState, { type }: RunFact): RunFact[] => {
  if (type !== 'MessageReceived' || !agent.messageWithdrawsApprovals) return []
  const reason = 'a new message came in before it was decided'
  return [...state.approvals.keys()].map((callId) => ({ type: 'ApprovalDenied', data: { callId, by: 'refold', reason, withdrawn: true } }))
}

/** Whoever completes a run that ends with a result gives what the agent would have had to give. Throws `InvalidInput`. */
const withCheckedOutput = ({ id, output }: Agent, fact: RunFact): RunFact => {
  if (fact.type !== 'RunCompleted' || output === undefined) return fact
  const checked = checkedJson(output, fact.data.output)
  if (checked.ok) return fact.data.output === undefined ? fact : { ...fact, data: { ...fact.data, output: checked.value } }
  throw new AppError('InvalidInput', `Expected an output that fits ${id}: ${checked.problem}`, { details: { agent: id } })
}
