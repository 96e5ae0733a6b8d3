import { createMachine, initialTransition, transition, type AnyMachineSnapshot } from 'xstate'
import { describe, expect, test } from 'vitest'

import { activeStates, type StateValue } from '../../../src/statechart/active-states.ts'
import { chartGraph } from '../../../src/statechart/graph.ts'
import { sampleAgent } from './sample-agent.ts'

const graph = chartGraph(sampleAgent)

describe('the active states of a recorded state value', () => {
  test('are those that XState has active', () => {
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
      expect(new Set(activeStates(graph, snapshot.value as StateValue))).toEqual(new Set(snapshot._nodes.map((node) => node.id)))
    }
  })

  test('are in every region of a parallel state', () => {
    const parallel = createMachine({ id: 'p', type: 'parallel', states: { a: { initial: 'x', states: { x: {}, y: {} } }, b: {} } })
    expect(activeStates(chartGraph(parallel), { a: 'y', b: {} })).toEqual(['p', 'p.a', 'p.a.y', 'p.b'])
  })

  test('are none for a key that the chart no longer has', () => {
    expect(activeStates(graph, { active: 'gone' })).toEqual(['agent', 'agent.active'])
  })
})
