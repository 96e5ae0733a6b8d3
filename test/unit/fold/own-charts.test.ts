import { textContent } from '../../../src/events/content.ts'
import { describe, expect, test } from 'vitest'
import { setup } from 'xstate'
import type { ChartEvent } from '../../../src/machines/chart-event.ts'
import { messagesOf } from '../../../src/projections/transcript.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import {
  approvalDenied,
  approvalGranted,
  approvalRequested,
  calls,
  messageReceived,
  modelAnswered,
  modelRequested,
  timerFired,
  timerScheduled,
  toolRequested,
  toolSucceeded,
} from '../../support/facts.ts'
import { DAWN, fact, given, isAccepted, started } from '../../support/given.ts'

const intent = (_: unknown, _params?: Record<string, unknown>): void => undefined
const own = setup({
  types: { events: {} as ChartEvent },
  actions: { callTool: intent, callTools: intent, callModel: intent, askApproval: intent, abandon: intent },
})

const shipping = defineAgent({
  name: 'shipping',
  version: '1',
  chart: own.createMachine({
    id: 'shipping',
    initial: 'packing',
    states: {
      packing: { entry: { type: 'callTool', params: { tool: 'pack', input: { n: 1 }, key: 'box' } }, on: { ToolCallSucceeded: 'done' } },
      done: { type: 'final' },
    },
  }),
})

const buying = defineAgent({
  name: 'buying',
  version: '1',
  chart: own.createMachine({
    id: 'buying',
    initial: 'asking',
    states: {
      asking: {
        entry: { type: 'askApproval', params: { question: 'Buy?', key: 'buy', timeoutMs: 1_000 } },
        on: { ApprovalGranted: 'bought', ApprovalDenied: 'left', RunReturned: { target: 'left', actions: 'abandon' } },
      },
      left: { tags: 'human', on: { RunReturned: 'bought' } },
      bought: { tags: 'human', on: { RunReturned: 'left' } },
    },
  }),
})

const agentic = defineAgent({
  name: 'agentic',
  version: '1',
  models: ['scripted/one'],
  chart: own.createMachine({
    id: 'agentic',
    initial: 'thinking',
    states: {
      thinking: { entry: 'callModel', on: { ModelCallSucceeded: 'acting' } },
      acting: {
        entry: { type: 'callTools', params: ({ event }) => ({ calls: [{ tool: 'read', input: {}, callId: `${event.revision}.0` }] }) },
        on: { MessageReceived: { target: 'thinking', actions: 'abandon' } },
      },
    },
  }),
})

describe('a chart of your own', () => {
  test('has its tools called with what the log says, defaults filled in', () => {
    const { state } = given(shipping, started(shipping), toolRequested('0.box', { input: { n: 1, note: 'none' } }))
    expect(state.calls.get('0.box')?.input).toEqual({ n: 1, note: 'none' })
  })

  test('that is over owes its run the last word, and nothing else', () => {
    const over = given(shipping, started(shipping), toolRequested('0.box'))
      .whenHappens(toolSucceeded('0.box'))
      .thenIsAt('done')
      .thenAsks('endRun')
    expect([...over.state.owed.keys()]).toEqual(['endRun'])
    expect(over.state).toMatchObject({ status: 'active', calls: new Map(), timers: new Map() })
  })

  test('forgets what people were asked when it abandons everything', () => {
    const asked = given(buying, started(buying), approvalRequested('0.buy', DAWN + 1_000))
    const left = asked
      .whenHappens(fact('RunReturned', { by: 'ann' }))
      .thenIsAt('left')
      .thenWaitsFor('human')
    expect(isAccepted(left, approvalGranted('0.buy'))).toBe(false)
    expect(left.state.budget.waiting).toEqual([])
  })

  test('that abandons the tool calls of a model sends it no prompt with calls that have no answer', () => {
    const interrupted = given(
      agentic,
      started(agentic),
      modelRequested('0.0'),
      modelAnswered('0.0', [calls('read', '{}', 'a')]),
      messageReceived('Stop!'),
    )
    expect(messagesOf(interrupted.state.transcript)).toMatchObject([
      { role: 'assistant' },
      { role: 'tool', id: 'a', isError: true },
      { role: 'user', parts: textContent('Stop!') },
    ])
  })
})

describe('a question of a chart', () => {
  const timerId = '1.0.buy/expires'
  const asked = given(buying, started(buying))
    .whenHappens(approvalRequested('0.buy', DAWN + 1_000))
    .thenWaitsFor('approval')

  test('is denied when its time has passed and nobody has answered', () => {
    expect([...asked.state.timers.values()]).toMatchObject([{ timerId, delayMs: 1_000 }])
    const expired = asked
      .and(timerScheduled(timerId, DAWN + 1_000))
      .whenHappens(timerFired(timerId, 1_000))
      .thenIsAt('asking')
    expired.thenAsks('denyApproval:0.buy')
    expired.whenHappens(approvalDenied('0.buy')).thenIsAt('left').thenWaitsFor('human')
  })

  test('has no time limit any more once it is answered', () => {
    const granted = asked
      .and(timerScheduled(timerId, DAWN + 1_000))
      .whenHappens(approvalGranted('0.buy'))
      .thenIsAt('bought')
    expect(granted.state.timers.size).toBe(0)
    granted.thenAsks(`disarm:${timerId}`)
  })

  test('holds open no longer than it may be granted', () => {
    expect(isAccepted(asked, approvalGranted('0.buy', 999))).toBe(true)
    expect(isAccepted(asked, approvalGranted('0.buy', 1_000))).toBe(false)
  })
})
