import { describe, expect, test } from 'vitest'
import { setup } from 'xstate'
import type { RunEvent } from '../../../src/events/envelope.ts'
import type { DataOf } from '../../../src/events/run-events.ts'
import { actsAfter, doneEarlier, earlierAttemptsAfter, earlierSuccess } from '../../../src/fold/done-calls.ts'
import { correctionBy, doubtsAfter, isSaidAlready, isUnresolved } from '../../../src/fold/doubts.ts'
import type { Doubt, EarlierAttempts, RunState } from '../../../src/fold/run-state.ts'
import type { ChartEvent } from '../../../src/machines/chart-event.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import {
  calls,
  isAccepted,
  messageReceived,
  modelAnswered,
  modelRequested,
  toolFailed,
  toolRequested,
  toolSucceeded,
  toolUnresolved,
} from '../../support/facts.ts'
import { DAWN, fact, given, started, type Given, type Happening } from '../../../src/testing/given.ts'

const agent = defineAgent({ name: 'agent', version: '1', instructions: 'Help.', models: ['scripted/one'] })

/** A model has asked for two calls, 3.0 and 3.1. */
const proposed = given(
  agent,
  started(agent),
  messageReceived('Pay.'),
  modelRequested('1.model'),
  modelAnswered('1.model', [calls('pay'), calls('pay', '{}', 'second')]),
)
const once = (callId = '3.0', changes: Partial<DataOf<'ToolCallRequested'>> = {}): Happening =>
  toolRequested(callId, { tool: 'pay', effect: 'once', ...changes })
const cancelled = fact('RunCancelled', { by: 'ann', reason: 'enough' })
const corrected = (changes: Partial<DataOf<'ToolCallCorrected'>> = {}): Happening =>
  fact('ToolCallCorrected', {
    callId: '3.0',
    attempt: 1,
    tool: 'pay',
    succeeded: true,
    output: 'done',
    settledBy: 'human',
    by: 'ann',
    ...changes,
  })
const settled = (changes: object = {}): Happening => fact('ToolCallSucceeded', { callId: '3.0', attempt: 1, output: 'done', ...changes })
const willRetry = (changes: Partial<DataOf<'ToolCallFailed'>> = {}): Happening => toolFailed('3.0', { retryAt: DAWN, ...changes })

const doubtsOf = ({ state }: Given): readonly string[] => [...state.doubts.keys()]
const eventOf = (happening: Happening): RunEvent =>
  ({ ...happening, id: 'e', runId: 'run-1', revision: 9, meta: {} }) as unknown as RunEvent

const intent = (_: unknown, _params?: Record<string, unknown>): void => undefined
const paying = defineAgent({
  name: 'paying',
  version: '1',
  chart: setup({ types: { events: {} as ChartEvent }, actions: { callTools: intent, callTool: intent } }).createMachine({
    id: 'paying',
    initial: 'both',
    states: {
      both: {
        entry: { type: 'callTools', params: { calls: ['a', 'b'].map((key) => ({ tool: 'pay', input: {}, key })) } },
        on: {
          ToolCallSucceeded: 'done',
          MessageReceived: { target: 'done', actions: { type: 'callTool', params: { tool: 'pay', input: {} } } },
        },
      },
      done: { type: 'final' },
    },
  }),
})

describe('a call that is open when its run ends', () => {
  test('is kept in doubt, with all that the world outside knows it by', () => {
    const { state } = proposed.and(once('3.0', { act: 'order 21' }), cancelled)
    expect([...state.doubts]).toEqual([
      ['3.0', { callId: '3.0', tool: 'pay', attempt: 1, input: {}, idempotencyKey: 'run-1/3.0', act: 'order 21', effect: 'once' }],
    ])
  })

  test('is in no doubt where it only reads, was never claimed, or where it is certain that nothing happened', () => {
    expect(doubtsOf(proposed.and(cancelled))).toEqual([])
    expect(doubtsOf(proposed.and(once('3.0', { effect: 'read' }), cancelled))).toEqual([])
    const certain = proposed.and(once(), willRetry({ happened: 'no' }))
    expect(doubtsOf(certain.and(cancelled))).toEqual([])
    expect(doubtsOf(certain.and(once('3.0', { attempt: 2 }), cancelled))).toEqual(['3.0'])
  })

  test('that may be repeated is kept, and nobody has to find out', () => {
    const { state } = proposed.and(once('3.0', { effect: 'idempotent' }), once('3.1'), cancelled)
    expect([...state.doubts.values()].map((doubt) => [doubt.callId, isUnresolved(doubt)])).toEqual([
      ['3.0', false],
      ['3.1', true],
    ])
    expect(isUnresolved({ ...state.doubts.get('3.1')!, said: 'happened' })).toBe(false)
  })

  test('leaves no doubt by its last word, while others that it ends do', () => {
    expect(doubtsOf(proposed.and(once(), toolSucceeded('3.0')))).toEqual([])
    const ended = given(paying, started(paying), once('0.a'), once('0.b'), toolSucceeded('0.a'))
    expect(doubtsOf(ended)).toEqual(['0.b'])
    expect(doubtsOf(given(paying, started(paying), once('0.a'), messageReceived('Stop.')))).toEqual(['0.a'])
  })

  test('keeps the doubt that there was', () => {
    const unresolved = proposed.and(once(), toolUnresolved('3.0'))
    expect(doubtsOf(unresolved)).toEqual(['3.0'])
    expect(unresolved.and(cancelled).state.doubts.get('3.0')).toBe(unresolved.state.doubts.get('3.0'))
  })
})

describe('a failure', () => {
  test('that may have happened all the same leaves a doubt, unless the call goes on', () => {
    expect(doubtsOf(proposed.and(once(), toolFailed('3.0', { happened: 'unknown' })))).toEqual(['3.0'])
    const repeated = proposed.and(once('3.0', { effect: 'idempotent' }), willRetry({ happened: 'unknown' }))
    expect(doubtsOf(repeated)).toEqual([])
    expect(doubtsOf(repeated.and(cancelled))).toEqual(['3.0'])
  })

  test('that a look-up found takes the doubt away where the call goes on, and a person settles it otherwise', () => {
    const unresolved = proposed.and(once(), toolUnresolved('3.0'))
    expect(doubtsOf(unresolved.and(willRetry({ class: 'neverHappened', happened: 'no', settledBy: 'lookup' })))).toEqual([])
    const settled = unresolved.and(toolFailed('3.0', { happened: 'no', settledBy: 'human', by: 'ann' }))
    expect(settled.state.doubts.get('3.0')).toMatchObject({ said: 'didNot' })
  })
})

describe('a late word', () => {
  const over = proposed.and(once(), cancelled)

  test('may follow the end of a run where there is a doubt, and nothing else may', () => {
    expect(isAccepted(over, corrected())).toBe(true)
    expect(over.and(corrected()).state.doubts.get('3.0')).toMatchObject({ said: 'happened' })
    for (const unknown of [corrected({ callId: '3.1' }), corrected({ earlier: true }), corrected({ callId: '3.1', earlier: true })]) {
      expect(isAccepted(over, unknown)).toBe(false)
      if (unknown.type === 'ToolCallCorrected' && unknown.data.callId === '3.1')
        expect(() => over.and(unknown)).toThrow(/nothing after the run has cancelled/)
    }
    expect(() => over.and(messageReceived('Hello?'))).toThrow(/nothing after the run has cancelled/)
    expect(() => over.and(toolSucceeded('3.0'))).toThrow(/nothing after the run has cancelled/)
  })

  test('is none while its call has its own last word to come', () => {
    const open = proposed.and(once(), toolUnresolved('3.0'))
    expect(isAccepted(open, corrected())).toBe(false)
    expect(correctionBy(open.state, settled())).toBeUndefined()
    expect(isAccepted(proposed.and(once()), corrected())).toBe(false)
  })

  test('of the tool says how it was, and leaves no doubt', () => {
    const content = [{ type: 'text' as const, text: 'paid' }]
    const said = correctionBy(over.state, settled({ content, note: 'in two parts' }))
    expect(said).toEqual({
      type: 'ToolCallCorrected',
      data: { callId: '3.0', attempt: 1, tool: 'pay', succeeded: true, output: 'done', content, note: 'in two parts', settledBy: 'tool' },
    })
    const after = over.and(said as Happening)
    expect(doubtsOf(after)).toEqual([])
    expect(correctionBy(after.state, settled())).toBeUndefined()
  })

  test('that nothing happened counts where it is certain and of the attempt in doubt', () => {
    expect(correctionBy(over.state, toolFailed('3.0', { happened: 'no' }))).toMatchObject({
      data: { succeeded: false, message: 'broken', settledBy: 'tool' },
    })
    expect(correctionBy(over.state, toolFailed('3.0'))).toBeUndefined()
    expect(correctionBy(over.state, toolFailed('3.0', { happened: 'unknown' }))).toBeUndefined()
    expect(correctionBy(over.state, toolFailed('3.0', { happened: 'no', attempt: 2 }))).toBeUndefined()
    const known = over.and(corrected({ succeeded: false, message: 'no' }))
    expect(correctionBy(known.state, toolFailed('3.0', { happened: 'no' }))).toBeUndefined()
  })

  test('says nothing new where somebody has said the same, or of a call in no doubt', () => {
    const said = over.and(corrected())
    expect(correctionBy(said.state, settled())).toBeUndefined()
    expect(correctionBy(said.state, settled({ output: 'otherwise' }))).toBeDefined()
    expect(correctionBy(over.state, settled({ callId: '3.1' }))).toBeUndefined()
    expect(correctionBy(over.state, messageReceived('Hello?'))).toBeUndefined()
    const doubt = said.state.doubts.get('3.0')!
    expect(isSaidAlready(doubt, { succeeded: true, output: 'done' })).toBe(true)
    expect(isSaidAlready(doubt, { succeeded: false, message: 'done' })).toBe(false)
    expect(isSaidAlready(over.state.doubts.get('3.0')!, { succeeded: true, output: 'done' })).toBe(false)
  })

  test('is of use to a run that goes on, though nothing else changes', () => {
    const unknown = proposed.and(once(), toolFailed('3.0', { happened: 'unknown' }))
    expect(unknown.and(corrected()).events.at(-1)?.meta).not.toHaveProperty('ignored')
  })

  test('settles every call that was the same act', () => {
    const same = proposed.and(once('3.0', { idempotencyKey: 'act/21' }), toolUnresolved('3.0'), once('3.1', { idempotencyKey: 'act/21' }))
    expect(doubtsOf(same.and(toolSucceeded('3.1')))).toEqual([])
    const other = proposed.and(once('3.0'), toolUnresolved('3.0'), once('3.1'))
    expect(doubtsOf(other.and(toolSucceeded('3.1')))).toEqual(['3.0'])
  })

  test('of a person makes no doubt of a call that was in none', () => {
    const untouched = { doubts: over.state.doubts, calls: new Map() } as unknown as RunState
    const none = { calls: new Map(), left: [] }
    expect(doubtsAfter(untouched, none, eventOf(corrected({ callId: '9.9' })))).toBe(over.state.doubts)
    expect(doubtsAfter(untouched, none, eventOf(corrected({ earlier: true })))).toBe(over.state.doubts)
    expect(doubtsAfter(untouched, none, eventOf(toolUnresolved('9.9')))).toBe(over.state.doubts)
  })
})

describe('what is settled', () => {
  const open = (callId: string): Doubt => ({ callId, tool: 'pay', attempt: 1, input: null, idempotencyKey: callId, effect: 'once' })
  const known = (callId: string): Doubt => ({ ...open(callId), said: 'happened' })

  test('is forgotten when there is much of it, the oldest first, and what nobody knows never', () => {
    const before = new Map<string, Doubt>([['0', open('0')], ...range(1, 100).map((n) => [n, known(n)] as const), ['101', open('101')]])
    const after = doubtsAfter(
      { doubts: before, calls: new Map() } as unknown as RunState,
      { calls: new Map(), left: [] },
      eventOf(corrected({ callId: '101' })),
    )
    expect(before.size).toBe(102)
    expect([...after.keys()]).toEqual(['0', ...range(2, 101)])
  })
})

const range = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, index) => String(from + index))

describe('an attempt that was given up as one that never happened', () => {
  const second = (): Given => proposed.and(once(), willRetry({ happened: 'no' }))

  test('is remembered of a call that may not be repeated and goes on', () => {
    expect([...second().state.earlierAttempts]).toEqual([['3.0', { happened: [], tool: 'pay', attempt: 1 }]])
    expect(proposed.and(once(), toolFailed('3.0', { happened: 'no' })).state.earlierAttempts.size).toBe(0)
    expect(proposed.and(once('3.0', { effect: 'idempotent' }), willRetry()).state.earlierAttempts.size).toBe(0)
  })

  test('may say, late and once, that it has happened, and the next one is refused with that', () => {
    const content = [{ type: 'text' as const, text: 'paid' }]
    const said = earlierSuccess(second().state, settled({ content, note: 'in two parts' }))
    expect(said).toEqual({
      type: 'ToolCallCorrected',
      data: {
        callId: '3.0',
        attempt: 1,
        tool: 'pay',
        succeeded: true,
        output: 'done',
        content,
        note: 'in two parts',
        settledBy: 'tool',
        earlier: true,
      },
    })
    expect(correctionBy(second().state, settled())).toMatchObject({ data: { earlier: true } })
    expect(isAccepted(second(), said as Happening)).toBe(true)
    expect(doneEarlier(second().state, '3.0')).toBeUndefined()
    expect(doneEarlier(second().state, '9.9')).toBeUndefined()
    const after = second().and(said as Happening)
    expect(after.state.earlierAttempts.get('3.0')).toMatchObject({ happened: [1], attempt: 1, done: { output: 'done' } })
    expect(doubtsOf(after)).toEqual([])
    expect(earlierSuccess(after.state, settled())).toBeUndefined()
    expect(isAccepted(after, said as Happening)).toBe(false)
    expect(doneEarlier(after.state, '3.0')).toEqual({
      type: 'ToolCallRejected',
      data: {
        callId: '3.0',
        reason: 'repeated',
        message: 'in two parts\nIt was not done again: attempt 1 has happened after all.',
        repeats: '3.0',
        output: 'done',
        content,
      },
    })
    const plain = second().and(earlierSuccess(second().state, settled()) as Happening)
    expect(doneEarlier(plain.state, '3.0')).toMatchObject({ data: { message: 'It was not done again: attempt 1 has happened after all.' } })
  })

  test('also after the run has ended, and after further attempts', () => {
    const over = second().and(once('3.0', { attempt: 2 }), cancelled)
    const said = earlierSuccess(over.state, settled()) as Happening
    const after = over.and(said)
    expect(after.state).toMatchObject({ status: 'cancelled' })
    expect(after.state.doubts).toBe(over.state.doubts)
    const third = second().and(once('3.0', { attempt: 2 }), willRetry({ attempt: 2, happened: 'no' }))
    const both = third.and(
      earlierSuccess(third.state, settled()) as Happening,
      earlierSuccess(third.state, settled({ attempt: 2 })) as Happening,
    )
    expect(both.state.earlierAttempts.get('3.0')).toMatchObject({ happened: [1, 2], attempt: 2 })
  })

  test('is none that is to come, that somebody else speaks of, or of another call', () => {
    const odd: readonly Happening[] = [settled({ attempt: 2 }), settled({ settledBy: 'human' }), settled({ callId: '3.1' }), willRetry()]
    for (const word of odd) expect(earlierSuccess(second().state, word)).toBeUndefined()
  })

  test('is forgotten when there are many, the oldest call first', () => {
    const entry: EarlierAttempts = { happened: [], tool: 'pay', attempt: 1 }
    const failing = (callId: string, known: readonly string[]) => [
      ...earlierAttemptsAfter(
        {
          earlierAttempts: new Map(known.map((id) => [id, entry])),
          calls: new Map([[callId, { tool: 'pay', effect: 'once' }]]),
        } as unknown as RunState,
        eventOf(toolFailed(callId, { retryAt: DAWN })),
      ).keys(),
    ]
    expect(failing('new', range(1, 99))).toEqual([...range(1, 99), 'new'])
    expect(failing('new', range(1, 100))).toEqual([...range(2, 100), 'new'])
    expect(failing('5', range(1, 100))).toEqual(range(1, 100))
  })

  test('is not known from a correction of something else', () => {
    const { state } = second()
    expect(isAccepted(second(), corrected())).toBe(false)
    expect(isAccepted(second(), corrected({ earlier: true }))).toBe(true)
    for (const other of [
      corrected(),
      corrected({ callId: '9.9', earlier: true }),
      toolFailed('9.9', { retryAt: DAWN }),
      messageReceived('Hi'),
    ])
      expect(earlierAttemptsAfter(state, eventOf(other))).toBe(state.earlierAttempts)
  })
})

describe('a business act', () => {
  const acting = proposed.and(once('3.0', { act: 'order 21', idempotencyKey: 'act/21' }))

  test('that a call has done is known by its key, and none that no tool has named', () => {
    const done = acting.and(settled({ note: 'paid' }))
    expect([...done.state.acts]).toEqual([['act/21', { callId: '3.0', output: 'done', note: 'paid' }]])
    expect(proposed.and(once(), settled()).state.acts.size).toBe(0)
    const { state } = acting
    expect(actsAfter(state, eventOf(toolFailed('3.0')))).toBe(state.acts)
    expect(actsAfter(state, eventOf(settled({ callId: '9.9' })))).toBe(state.acts)
  })

  test('that turns out not to have been done is forgotten, unless another call has done it', () => {
    const unresolved = acting.and(toolUnresolved('3.0'), settled({ settledBy: 'human', by: 'ann' }))
    expect([...unresolved.state.acts.keys()]).toEqual(['act/21'])
    expect(unresolved.and(corrected({ succeeded: false, message: 'no' })).state.acts.size).toBe(0)
    const others = new Map([['act/21', { callId: '3.1', output: 'done' }]])
    const { state } = unresolved
    expect(actsAfter({ ...state, acts: others }, eventOf(corrected({ succeeded: false })))).toBe(others)
    expect(actsAfter({ ...state, acts: new Map() }, eventOf(corrected({ succeeded: false }))).size).toBe(0)
    expect(actsAfter(state, eventOf(corrected({ output: 'more' }))).get('act/21')).toMatchObject({ output: 'more' })
  })

  test('keeps what it has brought where that is not too large', () => {
    const ofLength = (length: number) => actsAfter(acting.state, eventOf(settled({ output: 'x'.repeat(length) }))).get('act/21')
    const around = '["",null]'.length
    expect(ofLength(4_096 - around)?.output).toHaveLength(4_096 - around)
    expect(ofLength(4_097 - around)).toEqual({
      callId: '3.0',
      output: null,
      note: 'What it has brought is in the answer of 3.0: it is too large to be told again.',
    })
  })

  test('is forgotten when there are many, the oldest first', () => {
    const acts = new Map(range(1, 999).map((key) => [key, { callId: key, output: null }]))
    const full = actsAfter({ ...acting.state, acts }, eventOf(settled()))
    expect(full.size).toBe(1_000)
    const { state } = proposed.and(once('3.1', { act: 'order 22', idempotencyKey: 'act/22' }))
    expect([...actsAfter({ ...state, acts: full }, eventOf(settled({ callId: '3.1' }))).keys()]).toEqual([
      ...range(2, 999),
      'act/21',
      'act/22',
    ])
  })
})
