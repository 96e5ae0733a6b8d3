import { messageOf } from '../../errors.ts'
import type { RecordedRunEvent } from '../../events/envelope.ts'
import type { RunFact } from '../../events/run-events.ts'
import { TAKEN_OVER } from '../../events/taken-over.ts'
import { describeBroken } from '../../fold/fold-projections.ts'
import { onCode } from '../../fold/lifecycle.ts'
import { retrace, type Retraced } from '../../fold/replay.ts'
import type { Owed, RunState } from '../../fold/run-state.ts'
import { present } from '../../present.ts'
import { decisionWords } from '../../projections/decision-words.ts'
import { recordedIntents, settledKey } from '../../projections/open-work.ts'
import type { Agent } from '../agent.ts'
import { answerOwed } from '../answers/answers.ts'
import type { JobContext } from '../answers/job-context.ts'
import { begunAnew } from '../commands/begun-anew.ts'
import { inWords, isDecision, otherwise, type Otherwise } from './compared-decisions.ts'

export interface Deciding {
  /** The version that decides. */
  readonly agent: Agent
  readonly agents: JobContext['agents']
  /** What the record has looked at: where it has not, no event says so, and guardrails of this version are asked beside it. */
  readonly checked: { readonly input: boolean; readonly output: boolean }
}

export interface DecidedAt {
  readonly other?: Otherwise
  /** Absent where this version cannot take the event in. */
  readonly state?: RunState
  /** In place of the recorded one, where one was due. */
  readonly decided?: RunFact
}

/** One recorded event, decided again. Whatever code of the agent throws is a difference. */
export const decidedAt = (deciding: Deciding, before: RunState | undefined, event: RecordedRunEvent): DecidedAt => {
  try {
    const due = before && dueAt(before, event)
    const decided = before && due?.owed && answerOwed(contextOf(deciding, event), asking(before), due.owed)
    const subject = before && subjectOf(before, event)
    const other = due && (due.owed === undefined || decided !== undefined) ? otherwise(event, decided, subject) : undefined
    if (other !== undefined) return { other }
    return { ...followed(deciding, before, event), ...present({ decided }) }
  } catch (thrown) {
    return { other: inWords(decisionWords(event), 'cannot go on', messageOf(thrown)) }
  }
}

/** Whether a seal lets a model be called says nothing of what is decided: its record is not asked here. */
const asking = (state: RunState): RunState => {
  const { fork, ...run } = state
  // What a fork has copied was decided when it was none.
  if (fork?.own === undefined) return run
  return { ...run, fork: { ...fork, own: { ...fork.own, seal: { ...fork.own.seal, modelCalls: null, costMicroUsd: null } } } }
}

const contextOf = ({ agent, agents }: Deciding, { meta }: RecordedRunEvent): JobContext => ({
  agent,
  agents,
  at: meta.at,
  storeAt: meta.at,
  owner: 'what-if',
  mostLostOwners: Number.MAX_SAFE_INTEGER,
  // What a person leaves undone is none of its decisions.
  costOf: () => undefined,
  acquireSlot: () => true,
})

/**
 * What the run owes where a decision is recorded; without `owed` where it owes nothing of the kind. Undefined for what comes from outside: a
 * result, a word of a person and what it leaves undone, a call that another process takes over.
 */
const dueAt = (state: RunState, event: RecordedRunEvent): { readonly owed?: Owed } | undefined => {
  if (!isDecision(event.type) || ('by' in event.data && event.type !== 'ToolCallDenied')) return undefined
  if (event.type === 'ModelCallFailed' && event.data.class === TAKEN_OVER) return undefined
  if (event.type === 'ApprovalRequested' && state.approvals.has(event.data.callId)) return undefined
  const owed = state.owed.get(keyOf(event))
  if (owed === undefined) return {}
  return owed.status === 'wanted' ? { owed } : undefined
}

const keyOf = (event: RecordedRunEvent): string => {
  if ('callId' in event.data && event.data.callId !== undefined) return event.data.callId
  if (event.type === 'RunEscalated') return 'escalate'
  return event.type === 'RunCompleted' || event.type === 'RunFailed' ? 'endRun' : (settledKey(event) ?? '')
}

const subjectOf = ({ calls, owed }: RunState, event: RecordedRunEvent): string | undefined => {
  const callId = 'callId' in event.data ? (event.data.callId ?? '') : ''
  const agent = owed.get(callId)?.params.agent
  return calls.get(callId)?.tool ?? (typeof agent === 'string' ? agent : undefined)
}

const followed = (deciding: Deciding, before: RunState | undefined, event: RecordedRunEvent): DecidedAt => {
  const retraced = retrace(deciding.agent.program, before, asOf(deciding, before, event))
  const { state } = retraced.led
  const other =
    ledElsewhere(event, retraced) ??
    (state.broken && inWords(decisionWords(event), 'is stopped by a projection', describeBroken(state.broken))) ??
    checkedBeside(deciding, state, event)
  return { state, ...present({ other }) }
}

/** As this version would have begun it. What it would look at with guardrails is asked beside the record, which has no event for it. */
const asOf = ({ agent, checked }: Deciding, before: RunState | undefined, event: RecordedRunEvent): RecordedRunEvent => {
  if (event.type === 'RunMoved' && before !== undefined) return { ...event, data: onCode(event.data, before.started) }
  if (event.type !== 'RunStarted') return event
  const data = begunAnew(agent, event.data)
  return { ...event, data: { ...data, settings: { ...data.settings, checksInput: checked.input, checksOutput: checked.output } } }
}

/** In words: what the charts ask for now says more than where they stand. */
const ledElsewhere = ({ type, meta }: RecordedRunEvent, { led, disagreement }: Retraced): Otherwise | undefined => {
  if (disagreement === undefined) return undefined
  const [was, now] = [askedFor(meta.intents ?? []), askedFor(led.intents)]
  const limit = led.state.owed.get('reportLimit')?.params.limit
  if (was !== now) return inWords(was, typeof limit === 'string' ? `reaches its limit (${limit})` : now, type)
  const [recorded, refolded] = [disagreement.recorded, disagreement.refolded].map(withoutIds)
  return inWords(`${type}: ${recorded || 'nothing'}`, refolded || 'nothing', disagreement.what)
}

/** A place names the calls that are under way. */
const withoutIds = (place: string): string =>
  place
    .split('; ')
    .map((part, index) => (index === 0 ? part : part.slice(part.lastIndexOf('=') + 1)))
    .join('; ')

const INTENTS: Readonly<Record<string, string>> = {
  callModel: 'asks the model',
  checkCall: 'checks a call',
  startCall: 'starts a call',
  askApproval: 'asks a person',
  startChildRun: 'starts a run',
  checkInput: 'checks the message',
  checkOutput: 'checks the answer',
  endTurn: 'ends the turn',
  escalate: 'hands over to a person',
  endRun: 'ends',
}

/** Without the ids of calls. */
const askedFor = (intents: readonly string[]): string =>
  recordedIntents({ intents: [...intents] })
    .map(({ intent }) => INTENTS[intent] ?? intent)
    .join(', ') || 'waits'

/** What guardrails of this version make of a message or an answer that the record has let through unseen. */
const checkedBeside = (deciding: Deciding, state: RunState, event: RecordedRunEvent): Otherwise | undefined => {
  const intent = uncheckedAt(deciding, state, event)
  if (intent === undefined) return undefined
  const recorded = { type: intent === 'checkInput' ? 'InputAccepted' : 'OutputAccepted', data: {} } as RunFact
  const owed: Owed = { key: intent, intent, params: {}, status: 'wanted', attempt: 1, eventId: event.id }
  return otherwise(recorded, answerOwed(contextOf(deciding, event), unread(state, event), owed), undefined)
}

const uncheckedAt = (
  { agent, checked }: Deciding,
  state: RunState,
  { type }: RecordedRunEvent,
): 'checkInput' | 'checkOutput' | undefined => {
  const { input = [], output = [] } = agent.guardrails
  if (type === 'MessageReceived') return checked.input || input.length === 0 ? undefined : 'checkInput'
  const isAnswer = type === 'ModelCallSucceeded' && state.owed.get('endTurn')?.status === 'wanted'
  const looks = output.length > 0 || agent.output !== undefined
  return isAnswer && looks && !checked.output ? 'checkOutput' : undefined
}

/** Where nobody checks a message, a prompt holds it at once. */
const unread = (state: RunState, { type, data }: RecordedRunEvent): RunState =>
  type === 'MessageReceived' && state.transcript.inbox.length === 0
    ? { ...state, transcript: { ...state.transcript, inbox: [data.parts] } }
    : state
