import { textContent } from '../../../src/events/content.ts'
import { describe, expect, test } from 'vitest'
import { assign, setup } from 'xstate'
import type { ChartEvent } from '../../../src/machines/chart-event.ts'
import { messagesOf } from '../../../src/projections/transcript.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import {
  approvalDenied,
  approvalGranted,
  approvalRequested,
  calls,
  isAccepted,
  messageReceived,
  modelAnswered,
  modelRequested,
  timerFired,
  timerScheduled,
  toolRequested,
  toolSucceeded,
} from '../../support/facts.ts'
import { DAWN, fact, given, started, type Given, type Happening } from '../../../src/testing/given.ts'

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

describe('what was said', () => {
  const hearing = defineAgent({
    name: 'hearing',
    version: '1',
    chart: setup({
      types: { events: {} as ChartEvent, context: {} as { heard: readonly (string | undefined)[] } },
      actions: { hear: assign({ heard: ({ context, event }) => [...context.heard, event.text] }) },
    }).createMachine({
      id: 'hearing',
      context: () => ({ heard: [] }),
      on: {
        MessageReceived: { actions: 'hear' },
        HumanAnswerReceived: { actions: 'hear' },
        InputAccepted: { actions: 'hear' },
        OutputAccepted: { actions: 'hear' },
        RunPaused: { actions: 'hear' },
      },
    }),
  })

  test.each<[string, Happening, string | undefined]>([
    ['of a user', messageReceived('Hi'), 'Hi'],
    ['of a person', fact('HumanAnswerReceived', { by: 'ann', parts: textContent('Yes.') }), 'Yes.'],
    ['of a user, redacted', fact('InputAccepted', { parts: textContent('H…') }), 'H…'],
    ['of a model, redacted', fact('OutputAccepted', { parts: textContent('Card …') }), 'Card …'],
    ['of a model', fact('OutputAccepted', {}), undefined],
    ['of nobody', fact('RunPaused', { by: 'ann' }), undefined],
  ])('%s is read by a chart as its text', (_, happening, text) => {
    expect(given(hearing, started(hearing), happening).state.chart.context).toEqual({ heard: [text] })
  })
})

describe('work that a chart drops', () => {
  const waiting = (): Given => given(patient, started(patient), approvalRequested('0.buy', DAWN + 1_000))
  const patient = defineAgent({
    name: 'patient',
    version: '1',
    chart: own.createMachine({
      id: 'patient',
      initial: 'asking',
      after: { 60_000: '.tired' },
      states: {
        asking: {
          entry: { type: 'askApproval', params: { question: 'Buy?', key: 'buy', timeoutMs: 1_000 } },
          on: { RunReturned: { target: 'resting', actions: 'abandon' } },
        },
        resting: { tags: 'human' },
        tired: { tags: 'human' },
      },
    }),
  })

  test('leaves it the timers of its own, and says of the others that are recorded that they are not due any more', () => {
    const timersOf = ({ state }: Given) => [...state.timers.values()].map(({ chart, delayMs }) => [chart, delayMs])
    expect(timersOf(waiting())).toEqual([
      ['', 60_000],
      ['0.buy', 1_000],
    ])
    const dropped = waiting()
      .whenHappens(fact('RunReturned', { by: 'ann' }))
      .thenAsks('abandon:abandon')
    expect(timersOf(dropped)).toEqual([['', 60_000]])
    const chartTimer = [...waiting().state.timers.values()][0]!.timerId
    waiting()
      .and(timerScheduled('1.0.buy/expires', DAWN + 1_000), timerScheduled(chartTimer, DAWN + 60_000))
      .whenHappens(fact('RunReturned', { by: 'ann' }))
      .thenAsks('abandon:abandon', 'disarm:1.0.buy/expires')
  })
})

describe('what a chart asks a model', () => {
  const askingWith = (params: Record<string, unknown>) =>
    defineAgent({
      name: 'asking',
      version: '1',
      models: ['scripted/one'],
      chart: own.createMachine({
        id: 'asking',
        initial: 'waiting',
        states: { waiting: { on: { MessageReceived: 'thinking' } }, thinking: { entry: { type: 'callModel', params } } },
      }),
    })
  const inboxOf = (params: Record<string, unknown>) =>
    given(askingWith(params), started(askingWith(params)), messageReceived('Hi')).state.transcript.inbox

  test('holds what was said, unless it is a question beside the conversation', () => {
    expect(inboxOf({ model: 0 })).toEqual([])
    expect(inboxOf({ model: 0, prompt: 'Which?' })).toEqual([textContent('Hi')])
  })
})

describe('a call id that a chart chooses', () => {
  const repeating = (callId: string) =>
    defineAgent({
      name: 'repeating',
      version: '1',
      chart: own.createMachine({
        id: 'repeating',
        initial: 'waiting',
        states: {
          waiting: { on: { MessageReceived: 'calling' } },
          calling: { entry: { type: 'callTool', params: { tool: 'pay', input: {}, callId } } },
        },
      }),
    })

  test('is one of its event: its key would be that of another call', () => {
    const called = (callId: string) => given(repeating(callId), started(repeating(callId)), messageReceived('Pay.'))
    expect([...called('1.pay').state.calls.keys()]).toEqual(['1.pay'])
    expect(() => called('0.pay')).toThrow(
      expect.objectContaining({ code: 'ChartInvalid', details: { runId: 'run-1', revision: 1, callIds: ['0.pay'] } }) as Error,
    )
  })
})

describe('a question of a chart', () => {
  const timerId = '1.0.buy/expires'
  const asked = (): Given =>
    given(buying, started(buying))
      .whenHappens(approvalRequested('0.buy', DAWN + 1_000))
      .thenWaitsFor('approval')

  test('is denied when its time has passed and nobody has answered', () => {
    expect([...asked().state.timers.values()]).toMatchObject([{ timerId, delayMs: 1_000 }])
    const expired = asked()
      .and(timerScheduled(timerId, DAWN + 1_000))
      .whenHappens(timerFired(timerId, 1_000))
      .thenIsAt('asking')
    expired.thenAsks('denyApproval:0.buy')
    expired.whenHappens(approvalDenied('0.buy')).thenIsAt('left').thenWaitsFor('human')
  })

  test('has no time limit any more once it is answered', () => {
    const granted = asked()
      .and(timerScheduled(timerId, DAWN + 1_000))
      .whenHappens(approvalGranted('0.buy'))
      .thenIsAt('bought')
    expect(granted.state.timers.size).toBe(0)
    granted.thenAsks(`disarm:${timerId}`)
  })

  test('holds open no longer than it may be granted', () => {
    expect(isAccepted(asked(), approvalGranted('0.buy', 999))).toBe(true)
    expect(isAccepted(asked(), approvalGranted('0.buy', 1_000))).toBe(false)
  })
})
