import { describe, expect, test } from 'vitest'
import type { ChartCommand } from '../../../src/fold/decide.ts'
import { decide } from '../../../src/fold/decide.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import {
  approvalGranted,
  approvalRequested,
  calls,
  escalated,
  messageReceived,
  modelAnswered,
  modelFailed,
  modelRequested,
  timerFired,
  timerScheduled,
  toolRequested,
  toolUnresolved,
} from '../../support/facts.ts'
import { DAWN, fact, given, isAccepted, started, type Given } from '../../support/given.ts'

const agent = defineAgent({ name: 'agent', version: '1', instructions: 'Help.', models: ['scripted/one'] })
const waiting = given(agent, started(agent))
const thinking = waiting.and(messageReceived('Hello'), modelRequested('1.model'))
const acting = thinking.and(modelAnswered('1.model', [calls('read')]))
const asking = acting.and(approvalRequested('3.0', DAWN + 5_000))
const human = thinking.and(modelFailed('1.model'), escalated())
const unresolved = acting.and(toolRequested('3.0'), toolUnresolved('3.0'))
const over = waiting.and(fact('RunCancelled', { by: 'ann', reason: 'enough' }))

const by = 'ann'
const message: ChartCommand = { type: 'sendMessage', text: 'More.' }

describe('a command', () => {
  test('is granted as one fact', () => {
    waiting.whenCommanded(message).thenGranted('MessageReceived')
    thinking.whenCommanded({ type: 'pause', by, reason: 'wait' }).thenGranted('RunPaused')
    thinking.whenCommanded({ type: 'cancel', by, reason: 'enough' }).thenGranted('RunCancelled')
    waiting.whenCommanded({ type: 'complete', by, output: 1 }).thenGranted('RunCompleted')
    human.whenCommanded({ type: 'answer', by, text: 'So.' }).thenGranted('HumanAnswerReceived')
    human.whenCommanded({ type: 'giveBack', by, note: 'again', limits: { tokens: 5 } }).thenGranted('RunReturned')
    human.whenCommanded({ type: 'fail', by, reason: 'no' }).thenGranted('RunFailed')
  })

  test('with an id that was granted before is granted without a further fact', () => {
    const { decision } = waiting.and(messageReceived('x')).whenCommanded(message, 'command-1')
    expect(decision).toMatchObject({ ok: true })
    const granted = { ...waiting.state, commandIds: new Map([['command-1', '']]) }
    expect(decide(granted, message, DAWN, 'command-1')).toEqual({ ok: true, facts: [], repeated: true })
    expect(decide(granted, message, DAWN, 'command-2')).toMatchObject({ ok: true, facts: [{ type: 'MessageReceived' }] })
  })

  test('that the run is in no state for is refused, with its place', () => {
    thinking.whenCommanded({ type: 'answer', by, text: 'So.' }).thenRefused(/answer is not possible: run-1 is at thinking.callingModel$/)
    thinking
      .and(fact('RunPaused', { by }))
      .whenCommanded({ type: 'pause', by })
      .thenRefused(/is at thinking.callingModel, paused/)
    waiting
      .whenCommanded({ type: 'giveBack', by })
      .thenRefused(/^give-back is not possible: run-1 is at awaitingMessage, and waits for a message \(send\)$/)
    waiting.whenCommanded({ type: 'resume', by }).thenRefused(/resume is not possible/)
    waiting.whenCommanded({ type: 'fail', by, reason: 'no' }).thenRefused(/fail is not possible/)
  })

  test('is refused after the end, whatever it is', () => {
    const commands: ChartCommand[] = [message, { type: 'pause', by }, { type: 'cancel', by, reason: 'again' }, { type: 'complete', by }]
    for (const command of commands) over.whenCommanded(command).thenRefused(/^run-1 was cancelled$/)
  })
})

describe('an approval', () => {
  test('is granted for exactly what was asked', () => {
    asking.whenCommanded({ type: 'approve', callId: '3.0', by }).thenGranted('ApprovalGranted')
    asking.whenCommanded({ type: 'approve', callId: '3.0', by, digest: 'digest' }).thenGranted('ApprovalGranted')
    asking.whenCommanded({ type: 'approve', callId: '3.0', by, digest: 'other' }).thenRefused(/is for other, but digest is asked/)
    asking.whenCommanded({ type: 'approve', callId: '9.9', by }).thenRefused(/9.9 asks for no approval; open: 3.0/)
    waiting.whenCommanded({ type: 'approve', callId: '3.0', by }).thenRefused(/open: none/)
  })

  test('is granted or denied once', () => {
    const granted = asking.and(approvalGranted('3.0'))
    granted.whenCommanded({ type: 'approve', callId: '3.0', by }).thenRefused(/asks for no approval/)
    expect(granted.whenCommanded({ type: 'deny', callId: '3.0', by, reason: 'late' }).decision.ok).toBe(false)
    asking.whenCommanded({ type: 'deny', callId: '3.0', by, reason: 'no' }).thenGranted('ApprovalDenied')
  })

  test('is not granted when its time has passed', () => {
    expect(isAccepted(asking, approvalGranted('3.0', 4_999))).toBe(true)
    expect(isAccepted(asking, approvalGranted('3.0', 5_000))).toBe(false)
  })

  test('of another digest never counts', () => {
    expect(isAccepted(asking, fact('ApprovalGranted', { callId: '3.0', digest: 'other', by }))).toBe(false)
  })
})

describe('a call that nobody knows the outcome of', () => {
  test('is settled by a person, either way', () => {
    unresolved
      .whenCommanded({ type: 'settleToolCall', callId: '3.0', by, outcome: { succeeded: true, output: 1 } })
      .thenGranted('ToolCallSucceeded')
    const failed = unresolved.whenCommanded({ type: 'settleToolCall', callId: '3.0', by, outcome: { succeeded: false, message: 'no' } })
    failed.thenGranted('ToolCallFailed')
    expect(failed.decision).toMatchObject({ facts: [{ data: { attempt: 1, settledBy: 'human', by, class: 'error' } }] })
  })

  test('is the only one that a person may settle', () => {
    const settle: ChartCommand = { type: 'settleToolCall', callId: '3.0', by, outcome: { succeeded: true, output: 1 } }
    acting
      .and(toolRequested('3.0'))
      .whenCommanded(settle)
      .thenRefused(/3.0 is not unresolved/)
    waiting.whenCommanded(settle).thenRefused(/3.0 is not unresolved/)
  })
})

describe('a timer', () => {
  const timerId = '3.xstate.after.untilRetry.agent-run.thinking.backingOff'
  const backingOff: Given = thinking.and(modelFailed('1.model', { next: 'retry', retryAt: DAWN + 100 }))

  test('fires only once it is recorded, and once', () => {
    expect(isAccepted(backingOff, timerFired(timerId))).toBe(false)
    const armed = backingOff.and(timerScheduled(timerId, DAWN + 100))
    expect(isAccepted(armed, timerFired(timerId, 100))).toBe(true)
    expect(isAccepted(armed, timerFired('9.other', 100))).toBe(false)
    expect(isAccepted(armed.and(timerFired(timerId, 100)), timerFired(timerId, 100))).toBe(false)
  })
})
