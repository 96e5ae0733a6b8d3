import {
  and,
  assign,
  cancel,
  createMachine,
  emit,
  enqueueActions,
  fromPromise,
  log,
  not,
  or,
  raise,
  sendParent,
  sendTo,
  setup,
  spawnChild,
  stateIn,
  stopChild,
  type AnyStateMachine,
} from 'xstate'
import { describe, expect, test } from 'vitest'

import { isAppError } from '../../../src/errors.ts'
import { assertChart, validateChart, type ChartExpectations } from '../../../src/statechart/validate.ts'
import { sampleAgent, sampleIntents } from './sample-agent.ts'

type Implementations = NonNullable<Parameters<typeof createMachine>[1]>

/** A chart whose types do not stand in the way of breaking a rule. */
const chart = (config: object, implementations: object = {}): AnyStateMachine =>
  createMachine({ id: 'c', ...config }, implementations as Implementations)

const work = { actors: { work: fromPromise(() => Promise.resolve(1)) } }
const shared = { tags: ['a'] }
const when = new Date(0)

const counter = (): (() => number) => {
  let count = 0
  return () => count++
}

/** What breaks each rule, and nothing else: [in words, chart, rule, place, part of what was found]. */
const breaches: readonly (readonly [string, AnyStateMachine, string, string, string])[] = [
  ['a chart without id', createMachine({}), 'id', 'the chart', 'no id'],
  ['an empty id', chart({ id: '' }), 'id', 'the chart', 'no id'],
  ['an effect that nobody performs', chart({ entry: 'sendPigeon' }), 'intent', 'c entry', 'sendPigeon'],
  ['a misspelt intent with params', chart({ exit: { type: 'callModle', params: {} } }), 'intent', 'c exit', 'callModle'],
  [
    'an unknown effect inside enqueueActions',
    chart({ on: { Go: { actions: enqueueActions(({ enqueue }) => enqueue('sendPigeon')) } } }),
    'intent',
    'c on Go [0]',
    '"sendPigeon" in enqueueActions',
  ],
  [
    'an unknown effect whose name is computed',
    chart({ entry: enqueueActions(({ enqueue }) => enqueue({ type: ['send', 'Pigeon'].join('') })) }),
    'intent',
    'c start',
    '"sendPigeon"',
  ],
  ['a bare function as action', chart({ entry: () => undefined }), 'inline', 'c entry', 'action'],
  [
    'a bare function as action of an initial transition',
    chart({ initial: { target: 'a', actions: () => undefined }, states: { a: {} } }),
    'inline',
    'c initial',
    'action',
  ],
  ['a bare function as guard', chart({ on: { Go: { guard: () => true } } }), 'inline', 'c on Go [0]', 'guard'],
  [
    'a bare function inside a combined guard',
    chart({ on: { Go: [{ guard: 'isOpen' }, { guard: or(['isOpen', not(() => true)]) }] } }, { guards: { isOpen: () => true } }),
    'inline',
    'c on Go [1]',
    'guard',
  ],
  ['a guard without implementation', chart({ on: { Go: { guard: 'isOpen' } } }), 'missing', 'c on Go [0]', 'guard "isOpen"'],
  [
    'a guard that is missing inside a named combination',
    chart({ on: { Go: { guard: 'both' } } }, { guards: { both: and(['isOpen', () => true]) } }),
    'missing',
    'c on Go [0]',
    'guard "isOpen"',
  ],
  [
    'a guard named like a member of every object',
    chart({ on: { Go: { guard: 'toString' } } }),
    'missing',
    'c on Go [0]',
    'guard "toString"',
  ],
  ['a delay without implementation', chart({ after: { soon: {} } }), 'missing', 'c after soon [0]', 'delay "soon"'],
  [
    'a raise after a delay without implementation',
    chart({ on: { Go: { actions: raise({ type: 'Later' }, { id: 'later', delay: 'soon' as unknown as number }) } } }),
    'missing',
    'c on Go [0]',
    'delay "soon"',
  ],
  [
    'a function as delay',
    chart({ on: { Go: { actions: raise({ type: 'Later' }, { id: 'later', delay: () => 5 }) } } }),
    'delay',
    'c on Go [0]',
    'function as delay',
  ],
  [
    'a timer whose id is a function',
    chart({ on: { Go: { actions: raise({ type: 'Later' }, { id: (() => 'x') as unknown as string, delay: 5 }) } } }),
    'timer',
    'c on Go [0]',
    'function as id',
  ],
  ['a timer without id', chart({ entry: raise({ type: 'Later' }, { delay: 5 }) }), 'timer', 'c entry', 'no id'],
  [
    'a timer without id inside enqueueActions',
    chart({ entry: enqueueActions(({ enqueue }) => enqueue.raise({ type: 'Later' }, { delay: 5 })) }),
    'timer',
    'c start',
    'no id',
  ],
  ['an invoked actor', chart({ initial: 'a', states: { a: { invoke: { src: 'work' } } } }, work), 'H3', 'c.a', 'invoke of "work"'],
  ['spawnChild', chart({ entry: spawnChild('work', { id: 'w' }) }, work), 'H3', 'c entry', 'spawnChild'],
  ['stopChild', chart({ exit: stopChild('w') }), 'H3', 'c exit', 'stopChild'],
  ['sendTo', chart({ on: { Go: { actions: sendTo('w', { type: 'Hello' }) } } }), 'H3', 'c on Go [0]', 'sendTo'],
  ['sendParent', chart({ always: { guard: stateIn('#c'), actions: sendParent({ type: 'Hello' }) } }), 'H3', 'c always [0]', 'sendTo'],
  ['emit', chart({ on: { Go: { actions: emit({ type: 'Hello' }) } } }), 'H3', 'c on Go [0]', 'emit'],
  ['log', chart({ entry: log('hello') }), 'H3', 'c entry', 'log'],
  ['a named sendTo', chart({ entry: 'tell' }, { actions: { tell: sendTo('w', { type: 'Hello' }) } }), 'H3', 'c entry', 'sendTo as "tell"'],
  [
    'spawn in an assign',
    chart({ on: { Go: { actions: assign({ w: ({ spawn }) => spawn('work') }) } } }, work),
    'H3',
    'c on Go [0]',
    'spawn(',
  ],
  [
    'spawn under another name',
    chart(
      { context: ({ spawn: make }: { spawn: (src: string, options: object) => unknown }) => ({ w: make('work', { id: 'w' }) && 1 }) },
      work,
    ),
    'H3',
    'c start',
    'an actor "w"',
  ],
  [
    'a send inside enqueueActions',
    chart({ on: { Go: { actions: enqueueActions(({ enqueue }) => enqueue.sendTo('w', { type: 'Hello' })) } } }),
    'H3',
    'c on Go [0]',
    'sendTo(',
  ],
  [
    'a send to itself, which is lost',
    chart({ on: { Go: { actions: enqueueActions(({ self }) => self.send({ type: 'Hello' })) } } }),
    'H3',
    'c on Go [0]',
    'self.send',
  ],
  ['a clock in the context', chart({ context: () => ({ at: Math.floor(Date.now() / 1e12) }) }), 'H4', 'context', 'Date.now'],
  [
    'a date in a named assign',
    chart({ entry: 'stamp' }, { actions: { stamp: assign({ at: () => new Date(0).getTime() }) } }),
    'H4',
    'action stamp',
    'new Date',
  ],
  [
    'chance in a guard',
    chart({ on: { Go: { guard: 'isLucky' } } }, { guards: { isLucky: () => Math.random() > 2 } }),
    'H4',
    'guard isLucky',
    'Math.random',
  ],
  [
    'a clock inside a named combination of guards',
    chart({ on: { Go: { guard: 'isLate' } } }, { guards: { isLate: and([() => performance.now() > 1]) } }),
    'H4',
    'guard isLate',
    'performance.now',
  ],
  [
    'chance in a delay',
    chart({ after: { soon: {} } }, { delays: { soon: () => crypto.randomUUID().length } }),
    'H4',
    'delay soon',
    'crypto.randomUUID',
  ],
  [
    'the environment in an assign',
    chart({ on: { Go: { actions: assign(() => ({ at: process.pid })) } } }),
    'H4',
    'c on Go [0]',
    'process.',
  ],
  [
    'a clock in the params of an intent',
    chart({ exit: { type: 'callModel', params: () => ({ at: Date.now() }) } }),
    'H4',
    'c exit',
    'Date.now',
  ],
  [
    'a clock in the params of a guard',
    chart({ on: { Go: { guard: { type: 'isLate', params: () => ({ at: Date.now() }) } } } }, { guards: { isLate: () => true } }),
    'H4',
    'c on Go [0]',
    'Date.now',
  ],
  [
    'a clock in a raised event',
    chart({ on: { Go: { actions: raise(() => ({ type: 'Later', at: Date.now() })) } } }),
    'H4',
    'c on Go [0]',
    'Date.now',
  ],
  ['the network in an output', chart({ output: () => fetch('x') }), 'H4', 'c output', 'fetch('],
  [
    'a timer of its own in an assign',
    chart({ exit: assign(() => ({ at: setTimeout(() => undefined, 0) })) }),
    'H4',
    'c exit',
    'setTimeout',
  ],
  ['an assign that would have to be awaited', chart({ exit: assign(async () => ({})) }), 'H4', 'c exit', 'async'],
  [
    'another context at each start',
    chart({ context: ((next) => () => ({ run: { count: next() } }))(counter()) }),
    'H4',
    'context.run.count',
    'second start',
  ],
  [
    'other effects at each start',
    chart({ entry: { type: 'callModel', params: ((next) => () => ({ count: next() }))(counter()) } }),
    'H4',
    'c start, actions.0.params.count',
    'second start',
  ],
  [
    'a start that throws',
    chart({ context: ({ input }: { input: { goal: string } }) => ({ goal: input.goal }) }),
    'H5',
    'c start',
    'give a probeInput',
  ],
  [
    'a date in the context',
    chart({ context: () => ({ limits: { until: structuredClone(when) } }) }),
    'H6',
    'context.limits.until',
    'a Date',
  ],
  [
    'a Map in the params of an intent',
    chart({ entry: { type: 'callModel', params: () => ({ of: new Map() }) } }),
    'H6',
    'c start, params of callModel.of',
    'a Map',
  ],
  [
    'what looks like an actor',
    chart({ context: () => ({ call: [{ sessionId: 1, send: 1, ref: 1 }] }) }),
    'H7',
    'context.call.0',
    'sessionId, send and ref',
  ],
  ['what looks like a saved actor', chart({ context: () => ({ call: { xstate$$type: 1 } }) }), 'H7', 'context.call', 'xstate$$type'],
  [
    'a handler of an event of XState',
    chart({ initial: 'a', states: { a: { on: { 'xstate.done.actor.w': {} } } } }),
    'H8',
    'c.a on xstate.done.actor.w',
    'xstate.done.actor.w',
  ],
  [
    'a raised event of XState',
    chart({ on: { Go: { actions: raise({ type: 'xstate.stop' }) } } }),
    'H8',
    'c on Go [0]',
    'raise of "xstate.stop"',
  ],
  ['a route', chart({ initial: 'a', states: { a: { id: 'a', route: {} } } }), 'H8', 'a', 'route'],
  ['a context that is one object for all runs', chart({ context: { count: 0 } }), 'H10', 'context', 'one object for all runs'],
  ['a context that shares a part', chart({ context: () => ({ limits: shared }) }), 'H10', 'context.limits', 'one object for all runs'],
  [
    'a context frozen only outside',
    chart({ context: Object.freeze({ limits: { tags: ['a'] } }) }),
    'H10',
    'context.limits',
    'one object for all runs',
  ],
  ['a handler of all events', chart({ on: { '*': {} } }), 'H13', 'c on *', 'a handler of every event'],
  [
    'an endless loop at the start',
    chart(
      {
        context: () => ({ n: 0 }),
        always: { guard: 'isPositive', actions: assign({ n: ({ context }) => (context as { n: number }).n + 1 }) },
      },
      { guards: { isPositive: () => true } },
    ),
    'H16',
    'c start',
    'no rest after 1000 microsteps',
  ],
  [
    'an endless loop far from the start',
    chart({ initial: 'a', states: { a: { on: { Go: 'b' } }, b: { initial: 'x', states: { x: { always: '#c.d' } } }, d: { always: 'b' } } }),
    'H16',
    'c.b.x always [0]',
    'c.b.x -> c.d -> c.b.x',
  ],
  [
    'an endless loop behind a state that is left for good',
    chart({ initial: 'a', states: { a: { on: { Go: 'in' } }, in: { always: 'x' }, x: { always: 'y' }, y: { always: 'x' } } }),
    'H16',
    'c.x always [0]',
    'an endless loop c.x -> c.y -> c.x',
  ],
  [
    'an emit inside enqueueActions that its text hides',
    chart({ entry: enqueueActions(({ enqueue }) => enqueue[['e', 'mit'].join('') as 'emit']({ type: 'Hello' })) }),
    'H3',
    'c start',
    'emit',
  ],
  [
    'a loop of one state that changes the context',
    chart({ initial: 'a', states: { a: { on: { Go: 'b' } }, b: { always: { actions: ['callModel', assign({ n: 1 })] } } } }),
    'H16',
    'c.b always [0]',
    'c.b -> c.b',
  ],
]

const known: ChartExpectations = { intents: new Set(['callModel']) }

describe('a chart is refused for', () => {
  test.each(breaches)('%s', (...[, machine, rule, at, found]) => {
    const problems = validateChart(machine, known)
    expect(problems).toMatchObject([{ rule, at }])
    expect(problems[0]!.found).toContain(found)
    expect(() => assertChart(machine, known)).toThrow(`${rule} at ${at}: found `)
  })
})

describe('a chart is accepted', () => {
  test('when it uses every construct that replay can explain', () => {
    expect(validateChart(sampleAgent, { intents: sampleIntents, probeInput: { goal: 'x' } })).toEqual([])
    expect(() => assertChart(sampleAgent, { intents: sampleIntents })).not.toThrow()
  })

  test('when forbidden words stand only in comments and strings of its functions', () => {
    const machine = chart({
      context: () => {
        // never Date.now() here, nor "quotes"
        /* nor Math.random() */
        return { hint: 'do not use fetch(x) or process.env', other: "it's `new Date()`" }
      },
    })
    expect(validateChart(machine)).toEqual([])
  })

  test('when its functions mention a clock only as part of another name', () => {
    const machine = chart(
      { on: { Go: { guard: 'isLate' } } },
      { guards: { isLate: ({ event }: { event: { updated: { now: number } } }) => event.updated.now > 1 } },
    )
    expect(validateChart(machine)).toEqual([])
  })

  test('when its context is frozen all through', () => {
    expect(validateChart(chart({ context: Object.freeze({ limits: Object.freeze({ steps: 1 }) }) }))).toEqual([])
  })

  test('when its context is taken from the input, of which each run has its own', () => {
    const machine = chart({ context: ({ input }: { input: object }) => ({ input }) })
    expect(validateChart(machine, { probeInput: { limits: { steps: 1 } } })).toEqual([])
  })

  test('when a loop of always has a guard that ends it', () => {
    const machine = chart(
      {
        initial: 'a',
        context: () => ({ n: 0 }),
        states: {
          a: { always: [{ guard: 'isEnough', target: 'b' }, { target: 'c' }] },
          b: {},
          c: { always: { target: 'a', actions: assign({ n: ({ context }) => (context as { n: number }).n + 1 }) } },
        },
      },
      { guards: { isEnough: ({ context }: { context: { n: number } }) => context.n > 3 } },
    )
    expect(validateChart(machine)).toEqual([])
  })

  test('when it raises, arms and cancels with names only', () => {
    const machine = setup({
      delays: { soon: 5 },
      actions: { later: raise({ type: 'Later' }, { id: 'later', delay: 'soon' }) },
    }).createMachine({
      id: 'c',
      entry: ['later', raise({ type: 'Again' }), cancel('later'), enqueueActions(({ enqueue }) => enqueue('later'))],
      on: { 'domain.*': { actions: cancel('later') } },
      after: { soon: {}, 100: {} },
    })
    expect(validateChart(machine)).toEqual([])
  })

  test('when a state that acts at once stays where it is', () => {
    const machine = chart({ initial: 'a', states: { a: { on: { Go: 'b' } }, b: { always: { actions: 'callModel' } } } })
    expect(validateChart(machine, known)).toEqual([])
  })

  test('when a part of its context has some of what an actor has, and another is empty in all runs', () => {
    const empty: readonly string[] = []
    expect(validateChart(chart({ context: () => ({ call: { send: 1 }, tags: empty }) }))).toEqual([])
  })

  test('when it asks for nothing, also where no intents are known', () => {
    expect(validateChart(chart({ initial: 'a', states: { a: { on: { Go: 'b' } }, b: { type: 'final' } } }))).toEqual([])
  })

  test('when a guard refers to itself by name, for that only a run can show', () => {
    expect(validateChart(chart({ on: { Go: { guard: 'a' } } }, { guards: { a: not('a') } }))).toEqual([])
  })
})

test('a refusal names the chart and lists every problem with its place', () => {
  const machine = chart({ on: { '*': {} }, entry: 'sendPigeon' })
  try {
    assertChart(machine)
    expect.unreachable()
  } catch (error) {
    expect(isAppError(error, 'ChartInvalid')).toBe(true)
    expect(error).toMatchObject({ details: { chart: 'c', problems: [{ rule: 'H13' }, { rule: 'intent' }] } })
    expect((error as Error).message.split('\n')).toEqual([
      'Chart c breaks what replay depends on:',
      '  H13 at c on *: found a handler of every event; expected event types by name, or a wildcard within a namespace such as `domain.*`',
      '  intent at c entry: found "sendPigeon"; expected the name of an intent that the runtime performs',
    ])
  }
})

test('a chart that breaks a written rule is not started', () => {
  let starts = 0
  validateChart(chart({ on: { '*': {} }, context: () => ({ starts: starts++ }) }))
  expect(starts).toBe(0)
})
