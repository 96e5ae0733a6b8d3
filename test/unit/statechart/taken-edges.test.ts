import { createMachine, initialTransition, transition, type AnyMachineSnapshot, type StateValue } from 'xstate'
import { describe, expect, test } from 'vitest'
import { chartDriver } from '../../../src/statechart/driver.ts'
import { chartGraph } from '../../../src/statechart/graph.ts'
import { activeStates, takenEdges } from '../../../src/statechart/taken-edges.ts'
import { sampleAgent } from './sample-agent.ts'

const at = (value: StateValue) => ({ value }) as AnyMachineSnapshot

describe('the active states of a recorded state value', () => {
  test('are those that XState has active', () => {
    const graph = chartGraph(sampleAgent)
    let [snapshot]: [AnyMachineSnapshot, unknown] = initialTransition(sampleAgent, undefined)
    const events = [
      { type: 'MessageReceived' },
      { type: 'InputAccepted' },
      { type: 'ModelCallSucceeded', callIds: ['1'], risky: true },
      { type: 'RunPaused' },
      { type: 'RunResumed' },
      { type: 'RunCancelled' },
    ]
    for (const event of events) {
      ;[snapshot] = transition(sampleAgent, snapshot as never, event as never)
      expect(new Set(activeStates(graph, snapshot))).toEqual(new Set(snapshot._nodes.map((node) => node.id)))
    }
  })

  test('are in every region of a parallel state', () => {
    const parallel = createMachine({
      id: 'p',
      type: 'parallel',
      states: { a: { initial: 'x', states: { x: {}, y: {} } }, b: { initial: 'y', states: { x: {}, y: {} } } },
    })
    expect(activeStates(chartGraph(parallel), at({ a: 'y', b: 'x' }))).toEqual(['p', 'p.a', 'p.a.y', 'p.b', 'p.b.x'])
  })

  test('are none for a key that the chart no longer has', () => {
    expect(activeStates(chartGraph(sampleAgent), at({ active: 'gone' }))).toEqual(['agent', 'agent.active'])
  })
})

describe('the edges that an event takes', () => {
  const machine = createMachine({
    id: 'm',
    initial: 'a',
    states: {
      a: { on: { Go: 'b', Fail: { target: 'c', guard: () => JSON.parse('no') as boolean } }, after: { 10: 'c' } },
      b: { always: 'c' },
      c: {},
    },
  })
  const begun = () => {
    const driver = chartDriver(machine)
    return { snapshot: driver.init(undefined).snapshot, taken: takenEdges(driver) }
  }

  test('are its own and those of always behind it, none for an event without use, and the snapshot stays as it was', () => {
    const { snapshot, taken } = begun()
    expect(taken(snapshot, { type: 'Go' })).toEqual(['m.a|Go|0', 'm.b|always|0'])
    expect(taken(snapshot, { type: 'Other' })).toEqual([])
    expect(taken(snapshot, { type: 'Go' })).toHaveLength(2)
    expect(snapshot.value).toBe('a')
  })

  test('are none where a guard throws', () => {
    const { snapshot, taken } = begun()
    expect(taken(snapshot, { type: 'Fail' })).toEqual([])
  })
})
