import { fc } from '../../support/fast-check.ts'
import { describe, expect, test } from 'vitest'
import { assign, createMachine, enqueueActions, raise, type AnyMachineSnapshot, type AnyStateMachine, type EventObject } from 'xstate'
import { canonicalJson, type Json } from '../../../src/json.ts'
import { agentRun } from '../../../src/machines/agent-run.ts'
import { toolCall } from '../../../src/machines/tool-call.ts'
import { chartDriver, referenceInit, referenceStep, type ChartStep } from '../../../src/statechart/driver.ts'
import { tripChart } from '../../../simulation/trip-chart.ts'
import { anyChart, eventTypes } from './any-chart.ts'

const settings = {
  models: ['a/one', 'a/two'],
  limits: {
    iterationsPerTurn: 3,
    toolCallsPerTurn: null,
    tokens: null,
    costMicroUsd: null,
    wallTimeMs: null,
    repeatedCalls: null,
    cycles: null,
  },
  checksInput: true,
  checksOutput: true,
  endsWithOutput: false,
  clarifications: 1,
  approvalTimeoutMs: 60_000,
  handsOver: ['transfer'],
}
const spent = { iterations: 0, toolCalls: 0, tokens: 0, costMicroUsd: 0, wallTimeMs: 0, repeatedCalls: 0, cycles: 0 }
const wanted = (name: string) => ({ type: 'toolCall', id: `v-${name}`, name, argumentsText: '{}' })

/** Events of every kind that the charts know, in no order that makes sense. */
const anyEvent: fc.Arbitrary<EventObject> = fc
  .record({
    revision: fc.nat(40),
    at: fc.integer({ min: 1_000, max: 100_000 }),
    iterations: fc.nat(4),
    body: fc.oneof(
      fc
        .constantFrom(
          'MessageReceived',
          'InputAccepted',
          'TurnCompleted',
          'RunCompleted',
          'RunCancelled',
          'RunReturned',
          'HumanAnswerReceived',
          'LimitExceeded',
        )
        .map((type) => ({ type, text: 'x', limit: 'tokens' })),
      fc
        .constantFrom('InputRejected', 'OutputRejected', 'OutputAccepted', 'RunEscalated', 'RunFailed')
        .map((type) => ({ type, reason: 'because' })),
      fc
        .constantFrom([], [wanted('look')], [wanted('look'), wanted('transfer')])
        .map((parts) => ({ type: 'ModelCallSucceeded', parts, callId: '1.model' })),
      fc
        .record({ next: fc.constantFrom('retry', 'nextModel', 'escalate'), attempt: fc.integer({ min: 1, max: 3 }) })
        .map((failed) => ({ type: 'ModelCallFailed', class: 'server', message: 'x', retryAt: 101_000, callId: '1.model', ...failed })),
      fc
        .record({
          type: fc.constantFrom(
            'ToolCallSucceeded',
            'ToolCallFailed',
            'ToolCallRejected',
            'ToolCallDenied',
            'ToolCallRequested',
            'ToolCallUnresolved',
            'ApprovalRequested',
            'ApprovalGranted',
            'ApprovalDenied',
            'ChildRunSucceeded',
            'ChildRunFailed',
          ),
          callId: fc.tuple(fc.nat(40), fc.nat(1)).map(([revision, index]) => `${revision}.${index}`),
          retryAt: fc.option(fc.constant(101_000), { nil: undefined }),
        })
        .map((event) => ({ ...event, attempt: 1, output: { n: 1 }, expiresAt: 200_000, by: 'dana', reason: 'because' })),
    ),
  })
  .map(({ revision, at, iterations, body }) => ({ ...body, revision, at, spent: { ...spent, iterations } }))

const throughText = (saved: Json): Json => JSON.parse(JSON.stringify(saved)) as Json

const timersOf = (machine: AnyStateMachine): string[] => (machine.events as string[]).filter((type) => type.startsWith('xstate.after.'))

const stateOf = ({ status, value, context, output }: AnyMachineSnapshot): string =>
  canonicalJson({ status, value: value as unknown, context: context as unknown, output: output as unknown })

const described = ({ snapshot, actions }: ChartStep): unknown => ({ state: stateOf(snapshot), actions })

const charts: [name: string, machine: AnyStateMachine, input: unknown][] = [
  ['the chart of an agent', agentRun, { settings }],
  ['the chart of a tool call', toolCall, { callId: '3.0' }],
  ['a chart of a user’s own', tripChart, { settings, input: { n: 4 } }],
]

describe.each(charts)('%s', (_, machine, input) => {
  const events = fc.array(
    fc.oneof(
      { weight: 5, arbitrary: anyEvent },
      { weight: 1, arbitrary: fc.constantFrom(...timersOf(machine)).chain((type) => anyEvent.map((event) => ({ ...event, type }))) },
    ),
    { maxLength: 25 },
  )

  test('takes the same steps in the driver’s reused scope, which knows what it did before, as in XState’s own functions', () => {
    const driver = chartDriver(machine)
    fc.assert(
      fc.property(events, (taken) => {
        let ours = driver.init(input)
        let theirs = referenceInit(machine, input)
        expect(described(ours)).toEqual(described(theirs))
        for (const event of taken) {
          if (ours.snapshot.status !== 'active') return
          ours = driver.step(ours.snapshot, event)
          theirs = referenceStep(machine, theirs.snapshot, event)
          expect(described(ours)).toEqual(described(theirs))
        }
      }),
      { numRuns: 150 },
    )
  })

  test('goes on from a saved state as if it had never been saved', () => {
    fc.assert(
      fc.property(events, fc.nat(25), (taken, cut) => {
        const driver = chartDriver(machine)
        let step = driver.init(input)
        for (const [index, event] of taken.entries()) {
          if (step.snapshot.status !== 'active') return
          const before = index === cut ? driver.restore(throughText(driver.persist(step.snapshot))) : step.snapshot
          const next = driver.step(before, event)
          expect(described(next)).toEqual(described(driver.step(step.snapshot, event)))
          step = next
        }
      }),
      { numRuns: 150 },
    )
  })
})

describe('a chart of any shape', () => {
  const outcome = <Value>(take: () => Value): Value | 'it threw' => {
    try {
      return take()
    } catch {
      return 'it threw'
    }
  }
  /** Also what a place is named by, in its order, and whether it is the very same snapshot, by which an event is told to have changed nothing. */
  const wholly = (step: ChartStep | 'it threw', before?: AnyMachineSnapshot): unknown =>
    step === 'it threw'
      ? step
      : {
          state: described(step),
          value: JSON.stringify(step.snapshot.value),
          nodes: step.snapshot._nodes.map(({ id }) => id),
          tags: [...step.snapshot.tags],
          can: eventTypes.map((type) => outcome(() => step.snapshot.can({ type }))),
          isSame: step.snapshot === before,
        }

  test('takes each step as XState’s own functions take it, also the second time', () => {
    fc.assert(
      fc.property(
        anyChart,
        fc.integer({ min: 0, max: 6 }),
        fc.array(fc.record({ index: fc.nat(40), n: fc.nat(6) }), { maxLength: 12 }),
        (machine, n, given) => {
          const driver = chartDriver(machine)
          const types = [...eventTypes, ...timersOf(machine)]
          const live = (): void => {
            let ours = outcome(() => driver.init({ n }))
            let theirs = outcome(() => referenceInit(machine, { n }))
            expect(wholly(ours)).toEqual(theirs !== 'it threw' && theirs.snapshot.status === 'error' ? 'it threw' : wholly(theirs))
            for (const { index, n: more } of given) {
              if (ours === 'it threw' || theirs === 'it threw' || ours.snapshot.status !== 'active') break
              const event = { type: types[index % types.length] ?? '', n: more }
              const [before, reference] = [ours.snapshot, theirs.snapshot]
              ours = outcome(() => driver.step(before, event))
              theirs = outcome(() => referenceStep(machine, reference, event))
              expect(wholly(ours, before)).toEqual(wholly(theirs, reference))
            }
          }
          live()
          live()
        },
      ),
      { numRuns: 100 },
    )
  })
})

const thrower = (): never => {
  throw new Error('the sum fell over')
}

describe('a step of a chart', () => {
  test('that another call has taken before leaves each call its own context', () => {
    const driver = chartDriver(toolCall)
    const lived = ['1.0', '2.0', '3.0'].map((callId) => {
      const begun = driver.init({ callId })
      const running = driver.step(begun.snapshot, { type: 'ToolCallRequested' })
      const over = driver.step(running.snapshot, { type: 'ToolCallSucceeded' })
      return [begun, running, over].map(({ snapshot, actions }) => ({
        at: snapshot.value as unknown,
        of: snapshot.context as unknown,
        actions,
      }))
    })
    expect(lived).toEqual(
      ['1.0', '2.0', '3.0'].map((callId) => [
        { at: 'checking', of: { callId, attempt: 1 }, actions: [{ kind: 'intent', type: 'checkCall', params: { callId } }] },
        { at: 'running', of: { callId, attempt: 1 }, actions: [] },
        { at: 'succeeded', of: { callId, attempt: 1 }, actions: [] },
      ]),
    )
  })

  const isHigh = ({ event }: { readonly event: { readonly high?: boolean } }) => event.high === true
  test.each([
    ['a guard', { low: { on: { Go: [{ guard: isHigh, target: 'high' }] } }, high: { on: { Go: 'low' } } }],
    ['what goes on by itself', { low: { on: { Go: 'trying' } }, trying: { always: [{ guard: isHigh, target: 'high' }, 'low'] }, high: {} }],
  ])('is asked of XState each time where %s decides', (_, states) => {
    const driver = chartDriver(createMachine({ id: 'g', initial: 'low', states } as never) as unknown as AnyStateMachine)
    const { snapshot } = driver.init(undefined)
    const led = [false, true, false].map((high) => driver.step(snapshot, { type: 'Go', high } as EventObject).snapshot.value as unknown)
    expect(led).toEqual(['low', 'high', 'low'])
  })

  const counting = (most: number) =>
    createMachine(
      {
        id: 'c',
        context: { n: 0 },
        initial: 'idle',
        states: {
          idle: { on: { Go: 'counting' } },
          counting: {
            always: { guard: 'isLow', target: 'counting', reenter: true, actions: 'count' },
            on: { Fail: { guard: 'isBroken', target: 'idle' } },
          },
        },
      } as never,
      {
        actions: { count: assign({ n: ({ context }: { context: { n: number } }) => context.n + 1 }) },
        guards: { isLow: ({ context }: { context: { n: number } }) => context.n < most, isBroken: thrower },
      } as never,
    ) as unknown as AnyStateMachine

  test.each(['on its way', 'at its entry', 'at its exit'])('asks for what depends on the context %s, whatever it did before', (place) => {
    const maybe = enqueueActions(({ context, enqueue }) => {
      if ((context as { n: number }).n > 0) enqueue('ask')
    })
    const chart = createMachine({
      id: 'maybe',
      context: { n: 0 },
      initial: 'left',
      on: { Counted: { actions: assign({ n: ({ context }) => (context as { n: number }).n + 1 }) } },
      states: {
        left: {
          ...(place === 'at its exit' && { exit: maybe }),
          on: { Crossed: { target: 'right', ...(place === 'on its way' && { actions: maybe }) } },
        },
        right: { ...(place === 'at its entry' && { entry: maybe }), on: { Back: 'left' } },
      },
    } as never) as unknown as AnyStateMachine
    const driver = chartDriver(chart)
    const { snapshot: few } = driver.init({})
    const { snapshot: many } = driver.step(few, { type: 'Counted' })
    for (const snapshot of [few, many, few]) {
      const [ours, theirs] = [driver.step(snapshot, { type: 'Crossed' }), referenceStep(chart, snapshot, { type: 'Crossed' })]
      expect(described(ours)).toEqual(described(theirs))
    }
  })

  test('goes through a hundred states without event, and through no ten thousand', () => {
    const few = chartDriver(counting(100))
    expect(few.step(few.init(undefined).snapshot, { type: 'Go' }).snapshot.context).toEqual({ n: 100 })
    const many = chartDriver(counting(10_000))
    expect(() => many.step(many.init(undefined).snapshot, { type: 'Go' })).toThrow(
      expect.objectContaining({ code: 'UnexpectedEvent', details: { chart: 'c' } }) as Error,
    )
  })

  test('whose code throws says at what, and so does a start', () => {
    const driver = chartDriver(counting(1))
    const { snapshot } = driver.step(driver.init(undefined).snapshot, { type: 'Go' })
    expect(() => driver.step(snapshot, { type: 'Fail' })).toThrow(/^Chart c threw at Fail: .*the sum fell over$/s)
    expect(() => chartDriver(createMachine({ id: 'd', context: thrower }) as unknown as AnyStateMachine).init(undefined)).toThrow(
      'Chart d threw at its start: the sum fell over',
    )
  })

  test('arms and disarms timers and names what is asked for, and nothing that XState has done itself', () => {
    const machine = createMachine({
      id: 'm',
      initial: 'a',
      states: { a: { on: { Go: 'b' } }, b: { entry: [raise({ type: 'Again' }), 'ask'], after: { 50: 'a' }, on: { Stop: 'a' } } },
    })
    const driver = chartDriver(machine as unknown as AnyStateMachine)
    const entered = driver.step(driver.init(undefined).snapshot, { type: 'Go' })
    const timer = 'xstate.after.50.m.b'
    expect(entered.actions).toEqual([
      { kind: 'intent', type: 'ask', params: {} },
      { kind: 'arm', id: timer, event: timer, delayMs: 50 },
    ])
    expect(driver.step(entered.snapshot, { type: 'Stop' }).actions).toEqual([{ kind: 'disarm', id: timer }])
  })
})

describe('a saved state', () => {
  test('leaves nothing out that nobody performs, also where code has chosen it', () => {
    const hidden = ['em', 'it'].join('') as 'emit'
    const machine = createMachine({
      id: 'hiding',
      on: { Go: { actions: enqueueActions(({ enqueue }) => enqueue[hidden]({ type: 'told' })) } },
    })
    const driver = chartDriver(machine)
    const { snapshot } = driver.init({})
    expect(() => driver.step(snapshot, { type: 'Go' })).toThrow(/found "xstate.emit"/)
  })

  test('keeps data that XState’s own codec would take for an actor', () => {
    const driver = chartDriver(toolCall)
    const { snapshot } = driver.init({ callId: '3.0' })
    const odd = {
      ...snapshot,
      context: { callId: '3.0', attempt: 1, data: { sessionId: 'x', send: 1, ref: 2, xstate$$type: 1 } },
    } as AnyMachineSnapshot
    const restored = driver.restore(throughText(driver.persist(odd)))
    expect(restored.context).toEqual(odd.context)
    expect(restored.can({ type: 'ToolCallRejected' })).toBe(true)
  })
})
