import { AppError, isAppError } from '../../errors.ts'
import { streamOf } from '../../events/codec.ts'
import { textContent, textsOf } from '../../events/content.ts'
import { endedText } from '../../events/ended-text.ts'
import type { RunFact } from '../../events/run-events.ts'
import { type ChartCommand, type Command, decide } from '../../fold/decide.ts'
import type { RunState } from '../../fold/run-state.ts'
import { stateText } from '../../fold/standing.ts'
import { takes } from '../../fold/accepts.ts'
import { sealWithoutChart } from '../../fold/seal.ts'
import { present } from '../../present.ts'
import type { Job, RecordedOrigin } from '../actors/jobs.ts'
import type { Agent } from '../agent.ts'
import { askedAgain } from '../answers/answer-tool-call.ts'
import { checkedGrant } from '../answers/changed-input.ts'
import { type CommandOrigin, checkCommand, checkOrigin, handedIn, checkMessage } from '../checked-input.ts'
import { checkedJson } from '../checked-json.ts'
import { isWithoutCode } from '../code/code-errors.ts'
import { withReadOutput } from '../tool-outcome.ts'
import { lengthOf, mediaBytes, readCommand, strangeBlob, type GivenCommand } from '../given-content.ts'
import { notFound } from '../reading/run-reader.ts'
import type { RunStanding } from '../../fold/run-view.ts'
import { readUnfolded, standingOfUnfolded, type UnfoldedRun } from '../reading/unfolded-run.ts'
import { isOutage } from '../retry-pause.ts'
import type { RuntimeParts } from '../runtime-parts.ts'
import { moveOnce, type Move, type MoverParts } from './move-run.ts'
import { withWhatIsTrue } from './why-refused.ts'
import { asSchemaLeaves } from './start-run.ts'
import { checkRepeatedCommand, hashOfCommand } from './repeated-commands.ts'

const MOST_CONFLICTS = 100

type Cancel = Extract<Command, { type: 'cancel' }>

export interface GrantParts {
  readonly submit: (runId: string, job: Job) => Promise<RunState>
  readonly children: { readonly checkWaitedFor: (child: RunState) => Promise<void> }
  /** Sees to what a run owes. */
  readonly wake: (runId: string) => Promise<RunState>
  readonly current: (runId: string) => Promise<RunState>
}

type Granted = (runId: string, command: GivenCommand, origin: CommandOrigin) => Promise<RunState | RunStanding>

/**
 * Grants commands by the charts of a run; a run whose code is gone or was changed is cancelled without them, which is the one command that needs none.
 * Rejects with what they refuse it for, and with what the log says.
 */
export const createGrant = (actors: MoverParts, granting: GrantParts): Granted => {
  const { parts } = actors
  const byCharts = grantByCharts(parts, granting)
  const cancel = async (runId: string, command: Cancel, origin: CommandOrigin): Promise<RunState | RunStanding> => {
    try {
      return await byCharts(runId, command, origin)
    } catch (error) {
      if (!isWithoutCode(error)) throw error
      const { children, standing } = await cancelWithoutCharts(parts, { runId, command, origin })
      const reason = `${runId} was cancelled: ${command.reason}`
      // It is granted, whatever can be reached behind it: a run below that is open still is ended by whoever looks at it next.
      for (const child of children.values()) await cancelChild(child, reason).catch(unlessAway)
      return await readUnfolded(parts, runId).then(standingOfUnfolded, (error: unknown) => {
        unlessAway(error)
        return standing
      })
    }
  }
  const cancelChild = async (runId: string, reason: string): Promise<void> => {
    try {
      await cancel(runId, { type: 'cancel', by: 'refold', reason }, {})
    } catch (error) {
      // It has ended, or has never begun: whoever begins it looks at its parent.
      if (!isAppError(error, 'NotPossible') && !isAppError(error, 'RunNotFound')) throw error
    }
  }
  const moveOn = async (runId: string, command: Move, origin: CommandOrigin): Promise<RunState> => {
    const moved = await moveOnce(actors, { runId, command, origin, current: granting.current })
    // The command is granted, and a sweep sees to what is owed as well.
    return granting.wake(runId).catch(() => moved)
  }
  const grant: Granted = (runId, command, origin) => {
    if (command.type === 'move') return moveOn(runId, command, origin)
    return command.type === 'cancel' ? cancel(runId, command, origin) : byCharts(runId, command, origin)
  }
  return async (runId, command, origin) => {
    try {
      return await grant(runId, command, origin)
    } catch (error) {
      throw await withWhatIsTrue(parts, { runId, command }, error)
    }
  }
}

const grantByCharts =
  (parts: RuntimeParts, { submit, children, current }: GrantParts) =>
  async (runId: string, command: GivenChartCommand, origin: CommandOrigin): Promise<RunState> => {
    if (command.type === 'reopen') {
      const run = await current(runId)
      const isNew = !run.commandIds.has(origin.commandId ?? '')
      if (run.status === 'failed' && isNew) await children.checkWaitedFor(run)
    }
    return commandOnce(parts, submit, { runId, command, origin })
  }

interface Cancelled {
  readonly runId: string
  readonly command: Cancel
  readonly origin: CommandOrigin
}

/** Throws what is no outage of the log. */
const unlessAway = (error: unknown): void => {
  if (!isOutage(error)) throw error
}

interface CancelledRun extends Pick<UnfoldedRun, 'children'> {
  readonly standing: RunStanding
}

/** What others append meanwhile shows as a conflict. */
const cancelWithoutCharts = async (parts: RuntimeParts, { runId, command, origin }: Cancelled): Promise<CancelledRun> => {
  for (let conflicts = 0; conflicts < MOST_CONFLICTS; conflicts++) {
    const run = await readUnfolded(parts, runId)
    const { children } = run
    const before = standingOfUnfolded(run)
    if (origin.commandId !== undefined && run.commandIds.has(origin.commandId)) return { children, standing: before }
    if (run.status !== 'active')
      throw new AppError('NotPossible', `${runId} ${endedText(run.status)}`, { details: { runId, command: 'cancel' } })
    try {
      await parts.log.append(streamOf(runId), run.newest.revision, [sealed(parts, run, { runId, command, origin })])
      const { revision } = run.newest
      return { children, standing: { ...before, revision: revision + 1, status: 'cancelled', state: 'cancelled', waitsFor: null } }
    } catch (error) {
      if (!isAppError(error, 'EventLogConflict')) throw error
    }
  }
  throw new AppError('EventLogConflict', `${runId} was changed by others ${MOST_CONFLICTS} times in a row`, { retryable: true })
}

const sealed = ({ ids, clock }: RuntimeParts, { newest }: UnfoldedRun, { command, origin }: Cancelled) =>
  sealWithoutChart(newest.meta, command, {
    ...present(origin),
    actor: command.by,
    runId: newest.runId,
    id: ids.uuid(),
    at: clock.now(),
    agent: newest.meta.agent,
    correlationId: newest.meta.correlationId,
  })

/** What is possible also where code of the agent has failed. */
const POSSIBLE_ANYWAY: ReadonlySet<ChartCommand['type']> = new Set(['cancel', 'fail', 'pause', 'deny', 'score'])

type GivenChartCommand = Exclude<GivenCommand, { type: 'move' }>

interface Requested {
  readonly runId: string
  readonly command: GivenChartCommand
  readonly origin: CommandOrigin
}

/**
 * What somebody asks for now, whatever becomes of their objects while it waits for its turn; under one command id it is granted once.
 * Rejects with `InvalidInput`, `TooLarge`, `NotPossible`, `RunNotFound`, and `IdempotencyKeyReused` for another command under a known id.
 */
const commandOnce = async (
  stores: Pick<RuntimeParts, 'log' | 'blobs'>,
  submit: (runId: string, job: Job) => Promise<RunState>,
  { runId, command: given, origin }: Requested,
): Promise<RunState> => {
  if (given.type === 'sendMessage' && typeof given.text === 'string') checkMessage(given.text)
  const { command: read, bytes } = readCommand(given)
  const command = handedIn(read) as ChartCommand
  checkCommand(command)
  checkOrigin(origin)
  const { commandId } = origin
  const recorded: RecordedOrigin = commandId === undefined ? { ...origin } : { ...origin, commandHash: hashOfCommand(command) }
  const state = await submit(runId, jobOf(runId, { command, bytes, origin: recorded }))
  if (commandId !== undefined && state.commandIds.get(commandId) !== recorded.commandHash)
    await checkRepeatedCommand(stores, runId, { command, commandId })
  return state
}

interface ReadCommand {
  readonly command: ChartCommand
  readonly bytes: readonly Uint8Array[]
  readonly origin: RecordedOrigin
}

const jobOf = (runId: string, { command: given, bytes, origin }: ReadCommand): Job => ({
  bytes,
  length: JSON.stringify(given).length + lengthOf(bytes),
  decide: (state, context) => {
    if (state === undefined) return { refuse: notFound(runId) }
    const strange =
      'parts' in given && given.parts !== undefined
        ? strangeBlob(given.parts, { transcript: state.transcript, bytes, where: 'the message' })
        : undefined
    if (strange !== undefined) return { refuse: strange }
    const { command, problem } = withReadOutput(context.agent, state, given)
    const decision = decide(state, command, context.at, origin.commandId)
    if (!decision.ok) return { refuse: new AppError('NotPossible', decision.reason, { details: { runId, command: command.type } }) }
    const refused =
      decision.facts.length === 0
        ? undefined
        : (tooManyUnread(context.agent, state, command) ?? notTaken(context.agent, state, decision.facts) ?? problem)
    if (refused !== undefined) return { refuse: refused }
    const facts = decision.facts.flatMap((fact) => [
      withCheckedGrant(context.agent, state, withCheckedData(context.agent, withCheckedOutput(context.agent, fact))),
      ...withdrawn(context.agent, state, fact),
      ...(fact.type === 'RunReopened' ? askedAgain(context.agent, state.beforeFailure?.approvals ?? new Map()) : []),
    ])
    return { facts, origin: 'by' in command ? { ...origin, actor: command.by } : origin, anyway: POSSIBLE_ANYWAY.has(command.type) }
  },
})

/** Throws what keeps a call from being executed as it would be granted. */
const withCheckedGrant = (agent: Agent, state: RunState, fact: RunFact): RunFact =>
  fact.type === 'ApprovalGranted' ? { ...fact, data: checkedGrant(agent, state, fact.data) } : fact

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

/** As the agent's schema leaves it. Throws `InvalidInput`. */
const withCheckedData = (agent: Agent, fact: RunFact): RunFact => {
  if (fact.type !== 'MessageReceived') return fact
  const { data, ...message } = fact.data
  return { ...fact, data: { ...message, ...present({ data: asSchemaLeaves(agent, 'messageData', data) }) } }
}

/** Nobody but its author knows what it means for a chart of one's own that a person has the run. */
const notTaken = ({ id, conversational }: Agent, state: RunState, [fact]: readonly RunFact[]): AppError | undefined => {
  if (conversational || fact?.type !== 'RunTakenOver' || takes(state, fact, state.at)) return undefined
  return new AppError(
    'NotPossible',
    `take-over is not possible: ${id} has a chart of its own, which does not take RunTakenOver at ${stateText(state.chart)}; pause the run, or let the chart say what happens then`,
    { details: { runId: state.runId, command: 'takeOver' } },
  )
}

/** Messages that no prompt has held yet. The next prompt holds all of them. */
const MOST_UNREAD = 1_000
/** Of all of them, in UTF-16 units. */
const LONGEST_UNREAD = 4 * 1024 * 1024
/** Of all their pictures and files. */
const MOST_UNREAD_BYTES = 64 * 1024 * 1024

/** Why a conversation takes no further message now. It takes more once its agent, or the person who owns it, has read them. */
const tooManyUnread = ({ conversational }: Agent, { runId, transcript }: RunState, command: Command): AppError | undefined => {
  if (command.type !== 'sendMessage' || !conversational) return undefined
  const { inbox } = transcript
  const messages = [...inbox, command.parts ?? textContent(command.text ?? '')]
  const length = messages.reduce((sum, parts) => sum + textsOf(parts).length, 0)
  const bytes = messages.reduce((sum, parts) => sum + mediaBytes(parts), 0)
  if (inbox.length < MOST_UNREAD && length <= LONGEST_UNREAD && bytes <= MOST_UNREAD_BYTES) return undefined
  return new AppError(
    'NotPossible',
    `${runId} takes no further message until the ${inbox.length} that it has not read are read: ${MOST_UNREAD} may wait, ${LONGEST_UNREAD} characters and ${MOST_UNREAD_BYTES} bytes of pictures and files`,
    { retryable: true, details: { runId, command: command.type, unread: inbox.length } },
  )
}
