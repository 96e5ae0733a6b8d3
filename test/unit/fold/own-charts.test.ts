import { describe, expect, test } from 'vitest'
import { setup } from 'xstate'
import type { ChartEvent } from '../../../src/machines/chart-event.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { fact, given, started } from '../../support/given.ts'

const intent = (_: unknown, _params?: Record<string, unknown>): void => undefined

const shipping = defineAgent({
  name: 'shipping',
  version: '1',
  chart: setup({ types: { events: {} as ChartEvent }, actions: { callTool: intent } }).createMachine({
    id: 'shipping',
    initial: 'packing',
    states: {
      packing: { entry: { type: 'callTool', params: { tool: 'pack', input: { n: 1 }, key: 'box' } }, on: { ToolCallSucceeded: 'done' } },
      done: { type: 'final' },
    },
  }),
})

const claim = { callId: '0.box', attempt: 1, tool: 'pack', idempotencyKey: 'run-1/0.box', owner: 'a', leaseUntil: 0 }

describe('a chart of your own', () => {
  test('has its tools called with what the log says, defaults filled in', () => {
    const { state } = given(shipping, started(shipping), fact('ToolCallRequested', { ...claim, input: { n: 1, note: 'none' } }))
    expect(state.calls.get('0.box')?.input).toEqual({ n: 1, note: 'none' })
  })
})
