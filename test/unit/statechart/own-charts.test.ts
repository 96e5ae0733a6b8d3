import { describe, expect, test } from 'vitest'

import { runSettings } from '../../../src/events/run-events.ts'
import { agentRun } from '../../../src/machines/agent-run.ts'
import { runIntents, toolCallIntents } from '../../../src/machines/intents.ts'
import { toolCall } from '../../../src/machines/tool-call.ts'
import { chartGraph } from '../../../src/statechart/graph.ts'
import { validateChart } from '../../../src/statechart/validate.ts'

const settings = runSettings.parse({
  models: ['scripted/one', 'scripted/two'],
  limits: {
    iterationsPerTurn: 12,
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
  handsOver: [],
})

describe('the charts of Refold itself', () => {
  test('break no rule that replay depends on', () => {
    expect(validateChart(agentRun, { intents: new Set(runIntents), probeInput: { settings } })).toEqual([])
    expect(validateChart(toolCall, { intents: new Set(toolCallIntents), probeInput: { callId: '3.0' } })).toEqual([])
  })

  test('say which of their states wait for a person', () => {
    const human = [agentRun, toolCall].flatMap((chart) => chartGraph(chart).nodes.filter((node) => node.tags.includes('human')))
    expect(human.map((node) => node.key)).toEqual(['awaitingMessage', 'escalated', 'awaitingApproval', 'awaitingHuman'])
  })
})
