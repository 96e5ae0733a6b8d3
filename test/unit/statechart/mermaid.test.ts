import { createMachine } from 'xstate'
import { describe, expect, test } from 'vitest'

import { chartGraph, type ChartGraph } from '../../../src/statechart/graph.ts'
import { chartMermaid } from '../../../src/statechart/mermaid.ts'
import { sampleAgent } from './sample-agent.ts'

const linesOf = (graph: ChartGraph, active: readonly string[] = []): readonly string[] =>
  chartMermaid(graph, { active })
    .split('\n')
    .map((line) => line.trim())

const drawn = () => linesOf(chartGraph(sampleAgent))

describe('the Mermaid text of a chart', () => {
  test('is a state diagram whose braces match', () => {
    const sample = drawn()
    expect(sample[0]).toBe('stateDiagram-v2')
    expect(sample.filter((line) => line.endsWith('{')).length).toBe(sample.filter((line) => line === '}').length)
  })

  test('nests states and says where each level begins', () => {
    const sample = drawn()
    const opened = sample.indexOf('state "thinking" as agent_active_thinking {')
    expect(sample.slice(opened, opened + 3)).toEqual([
      'state "thinking" as agent_active_thinking {',
      '[*] --> agent_active_thinking_checkingLimits',
      'state "checkingLimits" as agent_active_thinking_checkingLimits',
    ])
  })

  test('shows guards in brackets and the effects of states', () => {
    const sample = drawn()
    expect(sample).toContain('agent_active_thinking_callingModel --> agent_active_thinking_backingOff : ModelCallFailed [mayRetry]')
    expect(sample).toContain('agent_active_thinking_callingModel : entry / callModel')
    expect(sample).toContain('agent_active_acting : ToolRetryDue [isOpenCall] / callTool')
  })

  test('has an arrow or a row for every transition', () => {
    const sample = drawn()
    const graph = chartGraph(sampleAgent)
    const arrows = sample.filter((line) => / --> .* : /.test(line))
    expect(arrows.length).toBe(graph.edges.filter((edge) => !edge.internal).length)
  })

  test('names arrows between blocks before the blocks, for Mermaid moves a state into the last block that mentions it', () => {
    const sample = drawn()
    const crossing = sample.findIndex((line) => line.startsWith('agent_active_thinking_callingModel --> agent_escalated'))
    expect(crossing).toBeGreaterThan(0)
    expect(crossing).toBeLessThan(sample.indexOf('state "active" as agent_active {'))
  })

  test('draws what may happen in any state from a box of its own', () => {
    const sample = drawn()
    expect(sample).toContain('state "in any state" as s_agent__any')
    expect(sample).toContain('s_agent__any --> agent_cancelled : RunCancelled')
  })

  test('ends at final states', () => {
    const sample = drawn()
    expect(sample).toContain('agent_cancelled --> [*]')
  })

  test('colours states that wait for a person, and active ones when they are given', () => {
    const sample = drawn()
    const human = 'class agent_active_awaitingMessage,agent_active_awaitingApproval,agent_paused,agent_escalated human'
    expect(sample).toContain(human)
    expect(sample.some((line) => line.startsWith('classDef active'))).toBe(false)
    expect(linesOf(chartGraph(sampleAgent), ['agent', 'agent.active.acting'])).toContain('class agent_active_acting active')
  })

  test('keeps regions, histories, rows of nested states and ways back apart', () => {
    const chart = createMachine({
      id: 'rare',
      type: 'parallel',
      on: { Note: { actions: 'note' } },
      states: {
        left: {
          entry: 'callLeft',
          initial: 'a',
          states: { a: { on: { Up: { target: '#rare.left', reenter: true } } }, h: { type: 'history' } },
        },
        right: { on: { In: '.d' }, initial: 'c', states: { c: {}, d: {}, deep: { type: 'history', history: 'deep' } } },
      },
    })
    const lines = linesOf(chartGraph(chart))
    expect(lines.filter((line) => line === '--')).toHaveLength(2)
    expect(lines).toContain('state "rare" as s_rare {')
    expect(lines).toContain('state "left / callLeft" as rare_left {')
    expect(lines).toContain('rare_left_a : Up → left')
    expect(lines).toContain('state "h (H)" as rare_left_h')
    expect(lines).toContain('state "deep (H*)" as rare_right_deep')
    expect(lines).toContain('state "anywhere in right" as rare_right__any')
    expect(lines).toContain('rare_right__any --> rare_right_d : In')
    expect(lines).toContain('s_rare__any : Note / note')
  })

  test('gives Mermaid no name or text that it reads as its own', () => {
    const chart = createMachine({
      id: 'c',
      initial: 'a.b',
      states: {
        'a.b': { id: 'end', on: { 'x;y#z <b> %% a::b': { target: 'a_b', guard: { type: 'in', params: { of: '#1' } } } } },
        a_b: { id: 'end!' },
        'say "hi"': { id: 'c.a_b' },
        other: { id: 'c_a_b' },
      },
    } as never)
    const lines = linesOf(chartGraph(chart))
    const names = lines.flatMap((line) => /^state ".*" as (\w+)$/.exec(line)?.[1] ?? [])
    expect(new Set(names).size).toBe(4)
    expect(names).not.toContain('end')
    expect(lines).toContain(`state "say 'hi'" as ${names[2]!}`)
    expect(lines.find((line) => line.includes('x,y'))).toMatch(/ : x,yz ‹b› % a:b \[in\(\{"of":"1"\}\)\]$/)
  })
})
