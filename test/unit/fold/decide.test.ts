import { describe, expect, test } from 'vitest'
import type { ChartCommand } from '../../../src/fold/decide.ts'
import { decide } from '../../../src/fold/decide.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import {
  approvalGranted,
  approvalRequested,
  calls,
  escalated,
  isAccepted,
  messageReceived,
  modelAnswered,
  modelFailed,
  modelRequested,
  timerFired,
  timerScheduled,
  toolFailed,
  toolRequested,
  toolSucceeded,
  toolUnresolved,
} from '../../support/facts.ts'
import { DAWN, fact, given, started, type Given, type Happening } from '../../../src/testing/given.ts'
import { parentOf } from '../../support/parent-charts.ts'

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
    waiting.when(message).thenRecords('MessageReceived')
    thinking.when({ type: 'pause', by, reason: 'wait' }).thenRecords('RunPaused')
    thinking.when({ type: 'cancel', by, reason: 'enough' }).thenRecords('RunCancelled')
    waiting.when({ type: 'complete', by, output: 1 }).thenRecords('RunCompleted')
    human.when({ type: 'answer', by, text: 'So.' }).thenRecords('HumanAnswerReceived')
    human.when({ type: 'giveBack', by, note: 'again', limits: { tokens: 5 } }).thenRecords('RunReturned')
    human.when({ type: 'fail', by, reason: 'no' }).thenRecords('RunFailed')
  })

  test('says in its fact all that was said with it, and nothing that was not', () => {
    const factOf = (run: Given, command: ChartCommand) => {
      const { decision } = run.when(command)
      return decision.ok ? decision.facts[0]?.data : decision.reason
    }
    const parts = [{ type: 'text' as const, text: 'More.' }]
    const paused = thinking.and(fact('RunPaused', { by }))
    const limits = { tokens: 5 }
    expect(factOf(waiting, message)).toStrictEqual({ parts })
    expect(factOf(waiting, { type: 'sendMessage', parts, data: { n: 1 } })).toEqual({ parts, data: { n: 1 } })
    expect(factOf(human, { type: 'answer', by, parts })).toEqual({ by, parts })
    expect(factOf(human, { type: 'answer', by, text: 'More.' })).toEqual({ by, parts })
    expect(factOf(human, { type: 'giveBack', by })).toStrictEqual({ by })
    expect(factOf(human, { type: 'giveBack', by, note: 'again', limits })).toEqual({ by, note: 'again', limits })
    expect(factOf(waiting, { type: 'complete', by })).toStrictEqual({ by })
    expect(factOf(waiting, { type: 'complete', by, output: 1 })).toEqual({ by, output: 1 })
    expect(factOf(human, { type: 'fail', by, reason: 'no' })).toEqual({ by, reason: 'no' })
    expect(factOf(waiting, { type: 'pause', by })).toStrictEqual({ by })
    expect(factOf(waiting, { type: 'pause', by, reason: 'wait' })).toEqual({ by, reason: 'wait' })
    expect(factOf(paused, { type: 'resume', by })).toEqual({ by })
    expect(factOf(waiting, { type: 'cancel', by, reason: 'enough' })).toEqual({ by, reason: 'enough' })
    const failed = waiting.and(fact('RunFailed', { by: 'refold', reason: 'a defect' }))
    expect(factOf(failed, { type: 'reopen', by })).toStrictEqual({ by })
    expect(factOf(failed, { type: 'reopen', by, note: 'mended' })).toEqual({ by, note: 'mended' })
  })

  test('with an id that was granted before is granted without a further fact', () => {
    const { decision } = waiting.and(messageReceived('x')).when(message, 'command-1')
    expect(decision).toMatchObject({ ok: true })
    const granted = { ...waiting.state, commandIds: new Map([['command-1', '']]) }
    expect(decide(granted, message, DAWN, 'command-1')).toEqual({ ok: true, facts: [], repeated: true })
    expect(decide(granted, message, DAWN, 'command-2')).toMatchObject({ ok: true, facts: [{ type: 'MessageReceived' }] })
  })

  test('that the run is in no state for is refused, with its place', () => {
    thinking.when({ type: 'answer', by, text: 'So.' }).thenRefuses(/answer is not possible: run-1 is at thinking.callingModel$/)
    thinking
      .and(fact('RunPaused', { by }))
      .when({ type: 'pause', by })
      .thenRefuses(/is at thinking.callingModel, paused/)
    waiting
      .when({ type: 'giveBack', by })
      .thenRefuses(/^give-back is not possible: run-1 is at awaitingMessage, and waits for a message \(send\)$/)
    waiting.when({ type: 'resume', by }).thenRefuses(/resume is not possible/)
    waiting.when({ type: 'fail', by, reason: 'no' }).thenRefuses(/fail is not possible/)
  })

  test('is refused after the end, whatever it is', () => {
    const commands: ChartCommand[] = [message, { type: 'pause', by }, { type: 'cancel', by, reason: 'again' }, { type: 'complete', by }]
    for (const command of commands) over.when(command).thenRefuses(/^run-1 was cancelled$/)
  })
})

describe('an approval', () => {
  test('is granted for exactly what was asked', () => {
    asking.when({ type: 'approve', callId: '3.0', by }).thenRecords('ApprovalGranted')
    asking.when({ type: 'approve', callId: '3.0', by, digest: 'digest' }).thenRecords('ApprovalGranted')
    asking.when({ type: 'approve', callId: '3.0', by, digest: 'other' }).thenRefuses(/is for other, but digest is asked/)
    asking.when({ type: 'approve', callId: '9.9', by }).thenRefuses(/9.9 asks for no approval; open: 3.0/)
    waiting.when({ type: 'approve', callId: '3.0', by }).thenRefuses(/open: none/)
  })

  test('is granted or denied once', () => {
    const granted = asking.and(approvalGranted('3.0'))
    granted.when({ type: 'approve', callId: '3.0', by }).thenRefuses(/asks for no approval/)
    expect(granted.when({ type: 'deny', callId: '3.0', by, reason: 'late' }).decision.ok).toBe(false)
    asking.when({ type: 'deny', callId: '3.0', by, reason: 'no' }).thenRecords('ApprovalDenied')
  })

  test('is not granted when its time has passed', () => {
    expect(isAccepted(asking, approvalGranted('3.0', 4_999))).toBe(true)
    expect(isAccepted(asking, approvalGranted('3.0', 5_000))).toBe(false)
  })

  test('is refused where something has happened that whoever decides cannot know of', () => {
    const moved = fact('RunMoved', { by, agent: 'agent', fromVersion: '1', agentVersion: '2', chartHash: agent.program.chartHash })
    const stopped = asking.and(messageReceived('Stop!'), timerScheduled('9.other', DAWN))
    const approve = (seen: number): ChartCommand => ({ type: 'approve', callId: '3.0', by, seen })
    asking.when(approve(1)).thenRecords('ApprovalGranted')
    asking.when(approve(0)).thenRefuses(/a message came in at revision 1, after revision 0/)
    stopped.when(approve(4)).thenRefuses(/a message came in at revision 5, after revision 4/)
    stopped.when(approve(5)).thenRecords('ApprovalGranted')
    stopped.when({ type: 'approve', callId: '3.0', by }).thenRecords('ApprovalGranted')
    asking
      .and(moved)
      .when(approve(4))
      .thenRefuses(/the run moved to agent@2 at revision 5, after revision 4/)
    asking.and(moved).when(approve(5)).thenRecords('ApprovalGranted')
    const { newestMessage: _, ...unheard } = asking.state
    expect(decide(unheard, approve(0), DAWN)).toMatchObject({ ok: true })
  })

  test('is denied for what was asked, and for nothing else', () => {
    const deny = (digest?: string, callId = '3.0'): ChartCommand => ({ type: 'deny', callId, by, reason: 'no', ...(digest && { digest }) })
    asking.when(deny('digest')).thenRecords('ApprovalDenied')
    asking.when(deny('other')).thenRefuses(/the decision on 3.0 is for other, but digest is asked/)
    asking.when(deny('other', '9.9')).thenRefuses(/deny is not possible/)
  })

  test('of another digest never counts', () => {
    expect(isAccepted(asking, fact('ApprovalGranted', { callId: '3.0', digest: 'other', by }))).toBe(false)
  })
})

describe('a call that nobody knows the outcome of', () => {
  test('is settled by a person, either way', () => {
    unresolved.when({ type: 'settleToolCall', callId: '3.0', by, outcome: { succeeded: true, output: 1 } }).thenRecords('ToolCallSucceeded')
    const failed = unresolved.when({ type: 'settleToolCall', callId: '3.0', by, outcome: { succeeded: false, message: 'no' } })
    failed.thenRecords('ToolCallFailed')
    expect(failed.decision).toMatchObject({ facts: [{ data: { attempt: 1, settledBy: 'human', by, class: 'error' } }] })
  })

  test('is the only one that a person may settle', () => {
    const settle: ChartCommand = { type: 'settleToolCall', callId: '3.0', by, outcome: { succeeded: true, output: 1 } }
    acting
      .and(toolRequested('3.0'))
      .when(settle)
      .thenRefuses(/3.0 is not unresolved/)
    waiting.when(settle).thenRefuses(/3.0 is not unresolved/)
  })
})

describe('a word on a call whose run is over or goes on', () => {
  const settle = (succeeded: boolean): ChartCommand => ({
    type: 'settleToolCall',
    callId: '3.0',
    by,
    outcome: succeeded ? { succeeded, output: 1 } : { succeeded, message: 'no' },
  })
  const ended = unresolved.and(fact('RunCancelled', { by, reason: 'enough' }))

  test('may come from a person, and is recorded once', () => {
    const settled = ended.when(settle(true))
    expect(settled.decision).toEqual({
      ok: true,
      facts: [
        {
          type: 'ToolCallCorrected',
          data: { callId: '3.0', attempt: 1, tool: 'read', succeeded: true, output: 1, settledBy: 'human', by },
        },
      ],
    })
    const known = ended.and(settled.decision.ok ? settled.decision.facts[0]! : escalated())
    expect(known.when(settle(true)).decision).toEqual({ ok: true, facts: [] })
    known.when(settle(false)).thenRecords('ToolCallCorrected')
  })

  test('of a fork says that a person was asked', () => {
    const source = (run: Given) => {
      const { decision } = run.when(settle(true))
      return decision.ok ? decision.facts[0]?.data : undefined
    }
    expect(source(unresolved)).not.toHaveProperty('source')
    const origin = { runId: 'origin', revision: 9 }
    const fork = { ...unresolved.state, fork: { of: origin } }
    expect(decide(fork, settle(false), DAWN)).toMatchObject({ facts: [{ data: { source: 'asked', happened: 'no' } }] })
  })
})

describe('a result', () => {
  const looking = unresolved.and(
    fact('ToolCallLookupRequested', { callId: '3.0', attempt: 1, tool: 'read', owner: 'there/2/b', leaseUntil: 5 }),
  )

  test('of a model is taken from the attempt under way, and from no other', () => {
    for (const type of ['ModelCallSucceeded', 'ModelCallFailed'] as const) {
      const result = (attempt: number, callId = '1.model'): Happening =>
        type === 'ModelCallFailed' ? modelFailed(callId, { attempt }) : modelAnswered(callId, [], { attempt })
      expect(isAccepted(thinking, result(1))).toBe(true)
      expect(isAccepted(thinking, result(2))).toBe(false)
      expect(isAccepted(thinking, result(1, '9.model'))).toBe(false)
      expect(isAccepted(waiting.and(messageReceived('Hello')), result(1))).toBe(false)
    }
  })

  test('that comes late is that of the attempt that is looked up', () => {
    expect(isAccepted(unresolved, toolSucceeded('3.0'))).toBe(true)
    expect(isAccepted(unresolved, toolFailed('3.0', { attempt: 2 }))).toBe(false)
    expect(isAccepted(looking, toolSucceeded('3.0'))).toBe(true)
  })

  test('of a look-up that is claimed leaves the call no more unresolved than it is', () => {
    expect(isAccepted(looking, toolUnresolved('3.0'))).toBe(false)
    expect(isAccepted(waiting, toolUnresolved('3.0'))).toBe(false)
  })

  test('of a look-up is asked for where nobody knows what became of the call', () => {
    const claim = fact('ToolCallLookupRequested', { callId: '3.0', attempt: 1, tool: 'read', owner: 'far/3/c', leaseUntil: 9 })
    expect(isAccepted(unresolved, claim)).toBe(true)
    expect(isAccepted(unresolved.and(escalated('nobody knows', '3.0')), claim)).toBe(false)
    expect(isAccepted(acting.and(toolRequested('3.0')), claim)).toBe(false)
    expect(isAccepted(waiting, claim)).toBe(false)
    expect(isAccepted(waiting, escalated('help', '9.9'))).toBe(false)
  })
})

describe('what a child run says', () => {
  const parent = parentOf([{ agent: 'agent', key: 'a' }])
  const asked = given(parent, started(parent))
  const open = asked.and(fact('ChildRunRequested', { callId: '0.a', childRunId: 'run-1.a-1', agent: 'agent', input: 'Go.' }))
  const spent = { tokens: 0, costMicroUsd: 0, runs: 0 }
  const child = { callId: '0.a', childRunId: 'run-1.a-1' }

  test('is taken while it is asked for, and once', () => {
    const done = fact('ChildRunSucceeded', { ...child, output: 1 })
    for (const last of [done, fact('ChildRunFailed', { ...child, reason: 'no' })]) {
      expect(isAccepted(open, last)).toBe(true)
      expect(isAccepted(open.and(done), last)).toBe(false)
      expect(isAccepted(unresolved, { ...last, data: { ...last.data, callId: '3.0' } } as Happening)).toBe(false)
      expect(isAccepted(thinking, last)).toBe(false)
    }
    const report = fact('ChildRunReported', { ...child, waitsFor: null, spent })
    expect(isAccepted(open, report)).toBe(true)
    expect(isAccepted(asked, report)).toBe(false)
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
