import { fc } from '../../support/fast-check.ts'
import { and, assign, createMachine, or, raise, type AnyStateMachine } from 'xstate'
import { describe, expect, test } from 'vitest'

import { chartGraph, type ChartGraph } from '../../../src/statechart/graph.ts'
import { structureHash } from '../../../src/statechart/structure-hash.ts'
import { sampleAgent } from './sample-agent.ts'

type Implementations = NonNullable<Parameters<typeof createMachine>[1]>
interface Written {
  [key: string]: unknown
}

const build = (config: object, implementations: object = {}): AnyStateMachine => createMachine(config, implementations as Implementations)
const hashOf = (config: object, implementations: object = {}): string => structureHash(chartGraph(build(config, implementations)))

interface Base {
  id: string
  initial: string
  on: Written
  states: Record<string, Written>
}

/** A chart with one of everything, written anew at each call so that a test may change it. */
const base = (): Base => ({
  id: 'c',
  initial: 'idle',
  on: { Cancelled: { target: '.ended' } },
  states: {
    idle: { on: { Started: 'working', Ignored: {} } },
    working: {
      initial: 'first',
      entry: ['callModel', { type: 'note', params: { kinds: ['a'] } }],
      exit: ['abortEffects'],
      on: {
        Answered: [{ guard: 'isGood', target: 'ended', actions: 'keep' }, { target: 'idle' }],
        Failed: { target: 'working', reenter: false },
      },
      after: { backoff: 'idle', 1000: 'ended' },
      states: {
        first: { always: [{ guard: and(['isGood', 'isLate']), target: 'second' }] },
        second: {},
        back: { type: 'history', history: 'shallow' },
      },
    },
    both: {
      type: 'parallel',
      states: { left: { entry: 'callLeft' }, right: { entry: 'callRight' } },
    },
    ended: { type: 'final' },
  },
})

const inWorking = (key: string, value: unknown) => (config: Base) => {
  config.states.working![key] = value
}

const structuralChanges: readonly (readonly [string, (config: Base) => void])[] = [
  ['the id of the chart', (config) => (config.id = 'd')],
  ['the initial state', (config) => (config.initial = 'both')],
  ['a state more', (config) => (config.states.more = {})],
  ['a state less', (config) => delete config.states.both],
  ['the id of a state', inWorking('id', 'other')],
  ['the kind of a state', (config) => delete config.states.ended!.type],
  ['the initial state of a child', inWorking('initial', 'second')],
  ['actions on the way to the initial state', inWorking('initial', { target: 'first', actions: 'callModel' })],
  ['an entry action', inWorking('entry', ['callModel'])],
  ['the order of entry actions', (config) => (config.states.working!.entry as unknown[]).reverse()],
  ['the written params of an action', inWorking('entry', ['callModel', { type: 'note', params: { kinds: ['b'] } }])],
  ['an exit action', inWorking('exit', [])],
  [
    'an event type',
    inWorking('on', { Replied: [{ guard: 'isGood', target: 'ended', actions: 'keep' }, { target: 'idle' }], Failed: 'working' }),
  ],
  ['the order of transitions', (config) => ((config.states.working!.on as Written).Answered as unknown[]).reverse()],
  ['a guard', inWorking('on', { Answered: [{ guard: 'isBad', target: 'ended', actions: 'keep' }, { target: 'idle' }], Failed: 'working' })],
  ['a guard that is gone', inWorking('on', { Answered: [{ target: 'ended', actions: 'keep' }, { target: 'idle' }], Failed: 'working' })],
  [
    'the written params of a guard',
    inWorking('on', {
      Answered: [{ guard: { type: 'isGood', params: { of: 1 } }, target: 'ended', actions: 'keep' }, { target: 'idle' }],
      Failed: 'working',
    }),
  ],
  [
    'how guards are combined',
    inWorking('states', {
      first: { always: [{ guard: or(['isGood', 'isLate']), target: 'second' }] },
      second: {},
      back: { type: 'history' },
    }),
  ],
  [
    'a target',
    inWorking('on', { Answered: [{ guard: 'isGood', target: 'idle', actions: 'keep' }, { target: 'idle' }], Failed: 'working' }),
  ],
  ['a target that is gone', inWorking('on', { Answered: [{ guard: 'isGood', actions: 'keep' }, { target: 'idle' }], Failed: 'working' })],
  [
    'the action of a transition',
    inWorking('on', { Answered: [{ guard: 'isGood', target: 'ended', actions: 'drop' }, { target: 'idle' }], Failed: 'working' }),
  ],
  ['re-entry', (config) => ((config.states.working!.on as Written).Failed = { target: 'working', reenter: true })],
  ['an event that is ignored on purpose', (config) => delete config.states.idle!.on],
  ['the name of a delay', inWorking('after', { pause: 'idle', 1000: 'ended' })],
  ['the length of a delay', inWorking('after', { backoff: 'idle', 2000: 'ended' })],
  ['what follows a delay', inWorking('after', { backoff: 'ended', 1000: 'ended' })],
  ['an eventless transition', inWorking('states', { first: {}, second: {}, back: { type: 'history' } })],
  ['the depth of a history', (config) => ((config.states.working!.states as Record<string, Written>).back!.history = 'deep')],
  ['where a history leads at first', (config) => ((config.states.working!.states as Record<string, Written>).back!.target = 'second')],
  ['what follows the end of a region', (config) => (config.states.both!.onDone = 'idle')],
  ['the order of regions', (config) => (config.states.both!.states = { right: { entry: 'callRight' }, left: { entry: 'callLeft' } })],
  ['the event of a raise', (config) => (config.on.Again = { actions: raise({ type: 'Started' }) })],
]

const withReversedKeys = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, withReversedKeys(inner)]),
  )
}

describe('the structure hash of a chart', () => {
  test('is 16 hexadecimal digits', () => {
    expect(hashOf(base())).toMatch(/^[0-9a-f]{16}$/)
  })

  test.each(structuralChanges)('changes with %s', (_, change) => {
    const config = base()
    change(config)
    expect(hashOf(config)).not.toBe(hashOf(base()))
  })

  test('differs for each of these changes', () => {
    const hashes = structuralChanges.map(([, change]) => {
      const config = base()
      change(config)
      return hashOf(config)
    })
    expect(new Set(hashes).size).toBe(hashes.length)
  })

  test('tells a raise at once from one after a delay', () => {
    const raising = (delay?: number) => hashOf({ id: 'c', entry: raise({ type: 'A' }, delay === undefined ? {} : { id: 'a', delay }) })
    expect(new Set([raising(), raising(5), raising(6)]).size).toBe(3)
  })

  test('changes when a name that was an effect becomes an assign', () => {
    expect(hashOf(base(), { actions: { keep: assign({}) } })).not.toBe(hashOf(base()))
  })

  test.each([
    ['the version', (config: Base) => Object.assign(config, { version: '2' })],
    ['a description', (config: Base) => (config.states.idle!.description = 'It waits.')],
    ['a tag', (config: Base) => (config.states.idle!.tags = ['human'])],
    ['metadata', (config: Base) => (config.states.idle!.meta = { x: 1 })],
    ['another way to write the same', (config: Base) => (config.states.idle!.on = { Started: [{ target: 'working' }], Ignored: {} })],
    [
      'a history written as shallow by default',
      (config: Base) => ((config.states.working!.states as Record<string, Written>).back = { type: 'history' }),
    ],
  ])('does not change with %s', (_, change) => {
    const config = base()
    change(config)
    expect(hashOf(config)).toBe(hashOf(base()))
  })

  test('does not depend on the bodies of guards and assigns', () => {
    expect(hashOf(base(), { guards: { isGood: () => true } })).toBe(hashOf(base(), { guards: { isGood: () => false } }))
  })

  test('survives the way through JSON', () => {
    const graph = chartGraph(sampleAgent)
    expect(structureHash(JSON.parse(JSON.stringify(graph)) as ChartGraph)).toBe(structureHash(graph))
  })
})

const names = ['a', 'b', 'd', 'e'] as const
const transition = fc.record(
  {
    target: fc.constantFrom(...names.map((name) => `#c.${name}`)),
    guard: fc.constantFrom('isGood', 'isLate'),
    actions: fc.array(fc.constantFrom('callModel', 'callTool'), { maxLength: 2 }),
    reenter: fc.boolean(),
  },
  { requiredKeys: [] },
)
const handlers = fc.dictionary(fc.constantFrom('Started', 'Answered', 'Failed'), fc.array(transition, { minLength: 1, maxLength: 3 }))
const state = fc.record({
  on: handlers,
  entry: fc.array(fc.constantFrom('callModel', 'note'), { maxLength: 2 }),
  always: fc.array(transition, { maxLength: 2 }),
})
const compound = fc.tuple(state, state, state).map(([own, x, y]) => ({ ...own, initial: 'x', states: { x, y } }))
const anyChart = fc
  .tuple(...names.map(() => fc.oneof(state, compound)))
  .map((states) => ({ id: 'c', initial: 'a', states: Object.fromEntries(names.map((name, at) => [name, states[at]!])) }))

describe('for any chart the structure hash', () => {
  test('is the same in every build', () => {
    fc.assert(
      fc.property(anyChart, (config) => {
        expect(hashOf(structuredClone(config))).toBe(hashOf(config))
      }),
      { numRuns: 60 },
    )
  })

  test('does not depend on the order in which states and events are written', () => {
    fc.assert(
      fc.property(anyChart, (config) => {
        expect(hashOf(withReversedKeys(config) as object)).toBe(hashOf(config))
      }),
      { numRuns: 60 },
    )
  })

  test('differs when the structures differ', () => {
    fc.assert(
      fc.property(anyChart, fc.constantFrom(...names), transition, (config, name, added) => {
        const changed = structuredClone(config) as { states: Record<string, { on: Record<string, unknown[]> }> }
        changed.states[name]!.on.Added = [added]
        expect(hashOf(changed)).not.toBe(hashOf(config))
      }),
      { numRuns: 60 },
    )
  })

  test('depends on the order of the transitions for one event', () => {
    fc.assert(
      fc.property(
        anyChart,
        fc.uniqueArray(transition, { minLength: 2, maxLength: 2, selector: (each) => JSON.stringify(canonical(each)) }),
        (config, pair) => {
          const withPair = (candidates: unknown[]) => ({ ...config, on: { Paired: candidates } })
          expect(hashOf(withPair([...pair].reverse()))).not.toBe(hashOf(withPair(pair)))
        },
      ),
      { numRuns: 60 },
    )
  })
})

/** The same text for transitions that mean the same: what is absent is written out. */
const canonical = (each: { target?: string; guard?: string; actions?: readonly string[]; reenter?: boolean }) => [
  each.target ?? null,
  each.guard ?? null,
  each.actions ?? [],
  each.reenter ?? false,
]
