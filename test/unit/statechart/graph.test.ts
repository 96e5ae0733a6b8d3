import { assign, cancel, createActor, createMachine, not, or, raise, setup, stateIn, type InspectionEvent } from 'xstate'
import { runInThisContext } from 'node:vm'
import { describe, expect, test } from 'vitest'

import { enqueuedNames } from '../../../src/statechart/function-text.ts'
import { chartGraph, edgeIdsByTransition, type ChartEdge } from '../../../src/statechart/graph.ts'
import { sampleAgent } from './sample-agent.ts'

const graphed = () => chartGraph(sampleAgent)
const node = (id: string) => graphed().nodes.find((each) => each.id === id)!
const edge = (id: string): ChartEdge => graphed().edges.find((each) => each.id === id)!

describe('the graph of a chart', () => {
  test('is plain JSON', () => {
    const graph = graphed()
    expect(JSON.parse(JSON.stringify(graph))).toEqual(graph)
  })

  test('lists every state after its parent, with its kind, tags and description', () => {
    const graph = graphed()
    expect(graph.nodes[0]).toMatchObject({ id: 'agent', type: 'compound', parent: null, initial: 'agent.active' })
    expect(node('agent.active.awaitingMessage')).toMatchObject({
      key: 'awaitingMessage',
      type: 'atomic',
      parent: 'agent.active',
      tags: ['human'],
      description: 'A turn is over.',
      final: false,
    })
    expect(node('agent.cancelled')).toMatchObject({ final: true, type: 'final' })
    const seen = new Set<string | null>([null])
    for (const each of graph.nodes) {
      expect(seen).toContain(each.parent)
      seen.add(each.id)
    }
  })

  test('has the transitions of delays and of always among its edges', () => {
    expect(edge('agent.active.thinking.backingOff|after backoff|0')).toMatchObject({
      kind: 'after',
      event: 'after backoff',
      target: 'agent.active.thinking.callingModel',
    })
    expect(edge('agent.active.thinking.checkingLimits|always|0')).toMatchObject({
      kind: 'always',
      guard: 'isOverSteps',
      target: 'agent.escalated',
    })
  })

  test('names guards with and, or and not', () => {
    expect(edge('agent.active.acting|ToolCallFailed|1').guard).toBe('and(isOpenCall, not(isRetryable))')
  })

  test('tells intents from what XState does itself', () => {
    expect(node('agent.active.thinking.callingModel').entry).toMatchObject([
      { name: 'assign', kind: 'builtin' },
      { name: 'callModel', kind: 'intent' },
    ])
    expect(edge('agent.active.thinking.callingModel|ModelCallSucceeded|0').actions).toMatchObject([
      { name: 'recordAnswer', kind: 'builtin' },
    ])
  })

  test('keeps parameters that stand in the chart', () => {
    expect(node('agent.active.acting').exit).toEqual([{ name: 'abortEffects', kind: 'intent', params: { kinds: ['callTool'] }, asks: [] }])
  })

  test('shows the intents that an enqueueActions may ask for', () => {
    expect(node('agent.active.acting').entry).toMatchObject([{ name: 'enqueueActions', asks: ['callTool'] }])
  })

  test('leaves out what XState adds by itself for the timer of an after', () => {
    expect(node('agent.active.thinking.backingOff')).toMatchObject({ entry: [], exit: [] })
  })

  test('marks a transition without target as internal', () => {
    expect(edge('agent.active.acting|ToolCallSucceeded|0')).toMatchObject({ internal: true, target: 'agent.active.acting' })
  })

  test('leads from a history state to its default', () => {
    expect(node('agent.active.whereItWas')).toMatchObject({ type: 'history', history: 'deep' })
    expect(edge('agent.active.whereItWas|default|0').target).toBe('agent.active.awaitingMessage')
  })

  test('has no two edges or states of one id', () => {
    const graph = graphed()
    expect(new Set(graph.edges.map((each) => each.id)).size).toBe(graph.edges.length)
    expect(new Set(graph.nodes.map((each) => each.id)).size).toBe(graph.nodes.length)
  })
})

describe('what an enqueueActions may ask for', () => {
  test.each([
    ['by name and by type', '({ enqueue }) => { enqueue("a"); enqueue({ type: `b` }); enqueue( {  type :\n "c.d" }) }', ['a', 'b', 'c.d']],
    ['once', '({ enqueue }) => { enqueue("a"); enqueue("a") }', ['a']],
    ['under another name', '({ enqueue : add, context }) => { add("a"); enqueue("b") }', ['a']],
    ['under another name, built', '({enqueue:e})=>{e("a")}', ['a']],
    ['not in comments', '({ enqueue }) => { /* enqueue("a")\n * enqueue("b") */ enqueue("c") // enqueue("d")\n }', ['c']],
    ['beside what looks like a comment', '({ enqueue }) => { const url = ["http://x", \'http://y\', `http://z`]; enqueue("a") }', ['a']],
    ['not by another function', '({ enqueue }) => { note("a"); enqueue("b") }', ['b']],
  ])('is read from its text %s', (_, text, names) => {
    expect(enqueuedNames(runInThisContext(`(${text})`))).toEqual(names)
  })
})

describe('the graph of constructs that are rare', () => {
  test('shows the version, descriptions of transitions, bare functions, params of functions and states of regions', () => {
    const chart = createMachine({
      id: 'odd',
      version: '7',
      initial: 'a',
      on: {
        Bare: { guard: () => true, description: 'Says nothing.' },
        Made: { guard: { type: 'isAbove', params: () => ({ limit: 3 }) } as never },
        Within: { guard: stateIn({ left: 'a' }) },
        Either: { guard: or(['isLate', not('isOpen')]) as never },
        Raised: { actions: raise(() => ({ type: 'Reset' })) },
      },
      states: { a: {} },
    })
    const odd = chartGraph(chart)
    expect(odd.version).toBe('7')
    expect(odd.edges.map(({ guard, description }) => [guard, description])).toEqual([
      ['(inline)', 'Says nothing.'],
      ['isAbove(…)', null],
      ['in({"left":"a"})', null],
      ['or(isLate, not(isOpen))', null],
      [null, null],
    ])
    expect(odd.edges[4]!.actions[0]!.name).toBe('raise(…)')
  })

  test('leads from a history state to the absolute target, or to where its parent begins', () => {
    const chart = createMachine({
      id: 'h',
      initial: 'a',
      states: { a: {}, back: { type: 'history' }, to: { type: 'history', target: '#there' }, b: { id: 'there' } },
    })
    expect(chartGraph(chart).edges.map(({ id, target }) => [id, target])).toEqual([
      ['h.back|default|0', 'h.a'],
      ['h.to|default|0', 'there'],
    ])
  })

  test('shows raise, cancel, stateIn, guard parameters, done and the targets of several regions', () => {
    const chart = setup({
      guards: { isAbove: (_, params: { readonly limit: number }) => params.limit > 0 },
    }).createMachine({
      id: 'rare',
      type: 'parallel',
      on: {
        Reset: { target: ['.left.a', '.right.c'], reenter: true },
        Later: { actions: [raise({ type: 'Reset' }, { id: 'later', delay: 50 }), cancel('later'), raise({ type: 'Reset' })] },
        Checked: { guard: { type: 'isAbove', params: { limit: 3 } } },
      },
      states: {
        left: {
          initial: 'a',
          onDone: { guard: not(stateIn('#rare.right.d')), actions: assign({}) },
          states: {
            a: { on: { Go: 'h' } },
            b: { type: 'final' },
            h: { type: 'history', history: 'shallow', target: 'b' },
          },
        },
        right: { initial: 'c', states: { c: {}, d: {} } },
      },
    })
    const rare = chartGraph(chart)
    const found = (id: string) => rare.edges.find((each) => each.id === id)
    expect(found('rare|Reset|0')).toMatchObject({ target: 'rare.left.a', reenter: true })
    expect(found('rare|Reset|0.1')).toMatchObject({ target: 'rare.right.c' })
    expect(found('rare|Later|0')?.actions.map((action) => action.name)).toEqual(['raise(Reset, after 50)', 'cancel(later)', 'raise(Reset)'])
    expect(found('rare|Checked|0')?.guard).toBe('isAbove({"limit":3})')
    expect(found('rare.left|done|0')).toMatchObject({ kind: 'done', guard: 'not(in(#rare.right.d))' })
    expect(found('rare.left.h|default|0')?.target).toBe('rare.left.b')
  })

  test('a history state of a parallel state leads to all its regions', () => {
    const chart = createMachine({ id: 'p', type: 'parallel', states: { a: {}, h: { type: 'history' } } })
    expect(chartGraph(chart).edges).toMatchObject([{ id: 'p.h|default|0', target: 'p' }])
  })
})

test('the transitions that XState reports as taken are found by their edge ids', () => {
  const ids = edgeIdsByTransition(sampleAgent)
  const taken: string[] = []
  const inspect = (seen: InspectionEvent): void => {
    if (seen.type === '@xstate.microstep') taken.push(...seen._transitions.flatMap((transition) => ids.get(transition) ?? ['unknown']))
  }
  const actor = createActor(sampleAgent, { inspect }).start()
  for (const type of ['MessageReceived', 'InputAccepted', 'RunPaused', 'RunResumed'] as const) actor.send({ type })
  actor.stop()
  expect(taken).toEqual([
    'agent.active.awaitingMessage|MessageReceived|0',
    'agent.active.checkingInput|InputAccepted|0',
    'agent.active.thinking.checkingLimits|always|1',
    'agent.active|RunPaused|0',
    'agent.paused|RunResumed|0',
  ])
})
