import { isMedia, shownContent } from '../events/content.ts'
import type { RunEvent } from '../events/envelope.ts'
import { shownAnswer, toolCallsOf } from '../events/message.ts'
import type { DataOf, RunEventType } from '../events/run-events.ts'
import { count, duration, fromNow, money } from './amount-text.ts'
import { withCause } from './bounded-text.ts'
import { valueLine } from './printable.ts'

/** What an event says, as one line of unlimited length that may still hold control characters. */
export const eventSummary = (event: RunEvent): string => {
  const summary = summaries[event.type] as (data: RunEvent['data'], at: number) => string
  return summary(event.data, event.meta.at)
}

/** The same, for a list: one that cannot be made must keep nobody from going on. */
export const eventLine = (event: RunEvent): string => {
  try {
    return eventSummary(event)
  } catch {
    return '(cannot be shown)'
  }
}

/** `4.3.0/after untilApprovalExpires`: without the state that XState adds to the name of a delay. */
export const timerName = (timerId: string): string => timerId.replace(/xstate\.after\.([^.]+)\..*$/, 'after $1')

type Summaries = { readonly [Type in RunEventType]: (data: DataOf<Type>, at: number) => string }

const quoted = (text: string): string => `“${text}”`
const words = (...parts: readonly (string | undefined)[]): string => parts.filter((part) => part !== undefined && part !== '').join(' ')
const attempted = (attempt: number): string => (attempt === 1 ? '' : `(attempt ${attempt})`)
const by = (who: string | undefined): string => (who === undefined ? '' : `by ${who}`)
/** `by root: enough`. */
const saidBy = (who: string | undefined, said: string | undefined): string =>
  said === undefined || said === '' ? by(who) : who === undefined ? said : `${by(who)}: ${said}`
const again = (retryAt: number | undefined, at: number): string => (retryAt === undefined ? '' : `– again ${fromNow(retryAt - at)}`)
const took = (ms: number | undefined): string => (ms === undefined ? '' : `(${duration(ms)})`)

const messages: Pick<Summaries, 'MessageReceived' | 'InputAccepted' | 'InputRejected' | 'OutputAccepted' | 'OutputRejected'> = {
  MessageReceived: ({ parts }) => quoted(shownContent(parts)),
  InputAccepted: ({ parts }) => (parts === undefined ? '' : `redacted: ${quoted(shownContent(parts))}`),
  InputRejected: ({ guardrail, reason, cause }) => `${guardrail}: ${withCause(reason, cause)}`,
  OutputAccepted: ({ output, parts }) =>
    words(parts === undefined ? '' : `redacted: ${quoted(shownContent(parts))}`, output === undefined ? '' : valueLine(output)),
  OutputRejected: ({ reason, guardrail, cause }) => withCause(guardrail === undefined ? reason : `${guardrail}: ${reason}`, cause),
}

const modelCalls: Pick<Summaries, 'ModelCallRequested' | 'ModelCallSucceeded' | 'ModelCallFailed'> = {
  ModelCallRequested: ({ model, purpose, attempt, settings = {} }) =>
    words(model, purpose === 'answer' ? '' : purpose, Object.keys(settings).length === 0 ? '' : valueLine(settings), attempted(attempt)),
  ModelCallSucceeded: ({ parts, usage, costMicroUsd, durationMs }) =>
    words(
      `[${[`${count(usage.inputTokens)} in`, `${count(usage.outputTokens)} out`, ...(costMicroUsd === undefined ? [] : [money(costMicroUsd)]), duration(durationMs)].join(', ')}]`,
      shownAnswer(parts) === '' ? '' : quoted(shownAnswer(parts)),
      ...toolCallsOf(parts).map(({ name, argumentsText }) => `${name} ${argumentsText}`),
    ),
  ModelCallFailed: ({ class: failure, message, next, retryAt, attempt }, at) =>
    words(`${failure}: ${message}`, attempted(attempt), again(retryAt, at), next === 'nextModel' ? '– tries the next model' : ''),
}

const toolCalls: Pick<
  Summaries,
  | 'ToolCallQueued'
  | 'ToolCallRequested'
  | 'ToolCallSucceeded'
  | 'ToolCallFailed'
  | 'ToolCallUnresolved'
  | 'ToolCallLookupRequested'
  | 'ToolCallCorrected'
  | 'ToolCallRejected'
  | 'ToolCallDenied'
> = {
  ToolCallQueued: ({ callId, behind }) => `${callId} waits for ${behind}`,
  ToolCallRequested: ({ callId, tool, input, attempt }) => words(callId, tool, valueLine(input), attempted(attempt)),
  ToolCallSucceeded: ({ callId, output, content, note, durationMs, settledBy, by: who }) =>
    words(
      callId,
      valueLine(output),
      content === undefined ? '' : shownContent(content.filter(isMedia)),
      note,
      took(durationMs),
      settledBy === undefined ? '' : `settled by ${who ?? settledBy}`,
    ),
  ToolCallFailed: ({ callId, class: failure, message, cause, happened, retryAt }, at) =>
    words(callId, `${failure}: ${withCause(message, cause)}`, happened === 'unknown' ? '(it may have happened)' : '', again(retryAt, at)),
  ToolCallUnresolved: ({ callId, reason }) => `${callId} nobody knows whether it happened: ${reason}`,
  ToolCallLookupRequested: ({ callId, tool }) => words(callId, tool, 'is looked up'),
  ToolCallCorrected: ({ callId, attempt, tool, succeeded, output, note, message, settledBy, by: who, earlier }) =>
    words(
      callId,
      tool,
      earlier === true ? `attempt ${attempt}, which its call went on from,` : '',
      succeeded ? `has happened: ${valueLine(output ?? null)}` : `did not happen: ${message ?? ''}`,
      note,
      `says ${who ?? settledBy}`,
    ),
  ToolCallRejected: ({ callId, reason, message, cause }) => `${callId} ${reason}: ${withCause(message, cause)}`,
  ToolCallDenied: ({ callId, by: who, reason }) => `${callId} by ${who}: ${reason}`,
}

const approvals: Pick<Summaries, 'ApprovalRequested' | 'ApprovalGranted' | 'ApprovalDenied'> = {
  ApprovalRequested: ({ callId, subject, reason, cause }) =>
    words(
      callId,
      subject.question,
      subject.tool,
      subject.input === undefined ? '' : valueLine(subject.input),
      reason === undefined ? '' : `because ${withCause(reason, cause)}`,
    ),
  ApprovalGranted: ({ callId, by: who, input }) =>
    words(callId, `by ${who}`, input === undefined ? '' : `with changed arguments ${valueLine(input)}`),
  ApprovalDenied: ({ callId, by: who, reason }) => `${callId} by ${who}: ${reason}`,
}

const others: Pick<
  Summaries,
  | 'RunStarted'
  | 'ChildRunRequested'
  | 'ChildRunReported'
  | 'ChildRunSucceeded'
  | 'ChildRunFailed'
  | 'TimerScheduled'
  | 'TimerFired'
  | 'LimitExceeded'
  | 'TurnCompleted'
> = {
  RunStarted: ({ agent, agentVersion, input, parent }) =>
    words(`${agent}@${agentVersion}`, input === undefined ? '' : valueLine(input), parent === undefined ? '' : `child of ${parent.runId}`),
  ChildRunRequested: ({ callId, childRunId, agent, input }) => words(callId, agent, childRunId, valueLine(input)),
  ChildRunReported: ({ callId, childRunId, waitsFor, waitsIn, spent }) =>
    words(
      callId,
      childRunId,
      waitsFor === null ? 'works' : `waits for ${waitsFor}`,
      waitsIn === undefined || waitsIn === childRunId ? '' : `in ${waitsIn}`,
      spent.tokens === 0 ? '' : `[${count(spent.tokens)} tokens, ${money(spent.costMicroUsd)}]`,
    ),
  ChildRunSucceeded: ({ callId, childRunId, output }) => words(callId, childRunId, valueLine(output)),
  ChildRunFailed: ({ callId, childRunId, reason }) => words(callId, `${childRunId}:`, reason),
  TimerScheduled: ({ timerId, dueAt }, at) => `${timerName(timerId)} ${fromNow(dueAt - at)}`,
  TimerFired: ({ timerId }) => timerName(timerId),
  LimitExceeded: ({ limit, used, allowed }) => `${limit}: ${count(used)} of ${count(allowed)}`,
  TurnCompleted: ({ turn, outcome }) => `turn ${turn} ${outcome}`,
}

const operations: Pick<
  Summaries,
  | 'RunEscalated'
  | 'HumanAnswerReceived'
  | 'RunTakenOver'
  | 'RunReturned'
  | 'RunReleased'
  | 'RunPaused'
  | 'RunResumed'
  | 'RunReopened'
  | 'RunMoved'
  | 'RunForked'
  | 'RunRestored'
  | 'RunCompleted'
  | 'RunFailed'
  | 'RunCancelled'
  | 'RunScored'
  | 'DeletionRequested'
  | 'RunDeleted'
> = {
  RunEscalated: ({ reason, callId }) => words(callId, reason),
  HumanAnswerReceived: ({ by: who, parts }) => `${who}: ${quoted(shownContent(parts))}`,
  RunReturned: ({ by: who, note, limits }) =>
    words(by(who), note === undefined ? '' : quoted(note), limits === undefined ? '' : valueLine(limits)),
  RunTakenOver: ({ by: who, from, note }) =>
    words(by(who), from === undefined ? '' : `from ${from}`, note === undefined ? '' : quoted(note)),
  RunReleased: ({ by: who, note }) => saidBy(who, note),
  RunPaused: ({ by: who, reason }) => saidBy(who, reason),
  RunResumed: ({ by: who }) => by(who),
  RunReopened: ({ by: who, note }) => saidBy(who, note),
  RunMoved: ({ by: who, agent, fromVersion, agentVersion, note }) => words(`${agent}@${fromVersion} to ${agentVersion}`, saidBy(who, note)),
  RunForked: ({ by: who, from, changes, note }) =>
    words(`${from.runId} at ${from.revision}`, by(who), Object.keys(changes).join(', '), note === undefined ? '' : quoted(note)),
  RunRestored: ({ lost }) => `the log was restored from an older copy${lost === true ? ', which did not hold the run' : ''}`,
  RunCompleted: ({ output, by: who }) => words(output === undefined ? '' : valueLine(output), by(who)),
  RunFailed: ({ reason, by: who }) => words(reason, who === undefined ? '' : `(${by(who)})`),
  RunCancelled: ({ by: who, reason }) => saidBy(who, reason),
  RunScored: ({ name, value, passed, note, revision, by: who }) =>
    words(
      `${name} ${value}`,
      passed === undefined ? '' : passed ? 'passed' : 'failed',
      revision === undefined ? '' : `of revision ${revision}`,
      saidBy(who, note),
    ),
  DeletionRequested: ({ by: who, reason }) => saidBy(who, reason),
  RunDeleted: ({ events, blobs }) => `${count(events)} events and ${count(blobs)} payloads are gone`,
}

const summaries: Summaries = { ...messages, ...modelCalls, ...toolCalls, ...approvals, ...others, ...operations }
