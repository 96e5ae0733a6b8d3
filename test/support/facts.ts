import { textContent } from '../../src/events/content.ts'
import type { AssistantPart, Usage } from '../../src/events/message.ts'
import type { DataOf } from '../../src/events/run-events.ts'
import { accepts } from '../../src/fold/accepts.ts'
import { fact, type Given, type Happening } from '../../src/testing/given.ts'

// Facts as they come in histories, with everything filled in that a test does not care about.

const usage: Usage = { inputTokens: 10, outputTokens: 5, cacheReadTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 }

const claim = { owner: 'here/1/a', leaseUntil: 0 }

export const says = (text: string): AssistantPart => ({ type: 'text', text })

export const calls = (name: string, argumentsText = '{}', id = `call-${name}`): AssistantPart => ({
  type: 'toolCall',
  id,
  name,
  argumentsText,
})

export const messageReceived = (text: string, afterMs = 0): Happening => fact('MessageReceived', { parts: textContent(text) }, afterMs)

export const modelRequested = (callId: string, changes: Partial<DataOf<'ModelCallRequested'>> = {}): Happening =>
  fact('ModelCallRequested', {
    callId,
    attempt: 1,
    model: 'scripted/one',
    purpose: 'answer',
    promptHash: 'hash',
    fingerprint: 'print',
    ...claim,
    ...changes,
  })

export const modelAnswered = (
  callId: string,
  parts: readonly AssistantPart[],
  changes: Partial<DataOf<'ModelCallSucceeded'>> = {},
  afterMs = 0,
): Happening =>
  fact(
    'ModelCallSucceeded',
    { callId, attempt: 1, model: 'one', parts: [...parts], stop: 'stop', usage, durationMs: 1, ...changes },
    afterMs,
  )

export const modelFailed = (callId: string, changes: Partial<DataOf<'ModelCallFailed'>> = {}): Happening =>
  fact('ModelCallFailed', { callId, attempt: 1, class: 'server', message: 'down', next: 'escalate', durationMs: 1, ...changes })

export const toolRequested = (callId: string, changes: Partial<DataOf<'ToolCallRequested'>> = {}): Happening =>
  fact('ToolCallRequested', { callId, attempt: 1, tool: 'read', input: {}, idempotencyKey: `run-1/${callId}`, ...claim, ...changes })

export const toolSucceeded = (callId: string, output: DataOf<'ToolCallSucceeded'>['output'] = 'done', afterMs = 0): Happening =>
  fact('ToolCallSucceeded', { callId, attempt: 1, output }, afterMs)

export const toolFailed = (callId: string, changes: Partial<DataOf<'ToolCallFailed'>> = {}): Happening =>
  fact('ToolCallFailed', { callId, attempt: 1, class: 'error', message: 'broken', ...changes })

export const toolRejected = (callId: string, reason: DataOf<'ToolCallRejected'>['reason'] = 'unknownTool'): Happening =>
  fact('ToolCallRejected', { callId, reason, message: 'no' })

export const toolUnresolved = (callId: string): Happening => fact('ToolCallUnresolved', { callId, attempt: 1, reason: 'its owner ended' })

export const turnCompleted = (turn: number, outcome: DataOf<'TurnCompleted'>['outcome'] = 'answered', afterMs = 0): Happening =>
  fact('TurnCompleted', { turn, outcome }, afterMs)

export const approvalRequested = (callId: string, expiresAt: number, changes: Partial<DataOf<'ApprovalRequested'>> = {}): Happening =>
  fact('ApprovalRequested', { callId, subject: { tool: 'read', input: {} }, digest: 'digest', expiresAt, ...changes })

export const approvalGranted = (callId: string, afterMs = 0): Happening =>
  fact('ApprovalGranted', { callId, digest: 'digest', by: 'ann' }, afterMs)

export const approvalDenied = (callId: string, afterMs = 0): Happening =>
  fact('ApprovalDenied', { callId, by: 'ann', reason: 'too dear' }, afterMs)

export const timerScheduled = (timerId: string, dueAt: number): Happening => fact('TimerScheduled', { timerId, dueAt })

export const timerFired = (timerId: string, afterMs = 0): Happening => fact('TimerFired', { timerId }, afterMs)

export const escalated = (reason = 'help', callId?: string): Happening =>
  fact('RunEscalated', { reason, ...(callId === undefined ? {} : { callId }) })

export const returned = (changes: Partial<DataOf<'RunReturned'>> = {}, afterMs = 0): Happening =>
  fact('RunReturned', { by: 'ann', ...changes }, afterMs)

/** Whether the fact may be recorded now. */
export const isAccepted = ({ state }: Pick<Given, 'state'>, { afterMs = 0, ...happened }: Happening): boolean =>
  accepts(state, happened, state.at + afterMs)
