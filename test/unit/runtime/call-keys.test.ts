import { describe, expect, test } from 'vitest'
import { setup } from 'xstate'
import { z } from 'zod'
import type { ChartEvent } from '../../../src/machines/chart-event.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { openWorld, settle } from '../../support/world.ts'

const intent = (_: unknown, _params?: Record<string, unknown>): void => undefined

const note = defineTool({
  name: 'note',
  description: 'Notes',
  input: z.object({ n: z.number() }),
  output: z.number(),
  effect: 'once',
  execute: ({ n }) => Promise.resolve(n),
})

const call = (n: number, key?: string) => ({ tool: 'note', input: { n }, ...(key === undefined ? {} : { key }) })

type Asked = { readonly type: 'callTool' | 'callTools' | 'askApproval' | 'startChildRun' | 'callModel'; readonly params: object }

const asking = (asked: readonly Asked[]) =>
  defineAgent({
    name: 'asking',
    version: '1',
    tools: [note],
    models: ['scripted/one'],
    chart: setup({
      types: { events: {} as ChartEvent },
      actions: { callTool: intent, callTools: intent, askApproval: intent, startChildRun: intent, callModel: intent },
    }).createMachine({
      id: 'asking',
      initial: 'asking',
      states: {
        asking: { tags: 'human', entry: asked as [], on: { ToolCallSucceeded: 'done', ApprovalGranted: 'done', ChildRunFailed: 'done' } },
        done: { type: 'final' },
      },
    }),
  })

const models = { scripted: { attempt: () => Promise.reject(new Error('not asked')), isFree: true } } as never

const tool = (n: number, key?: string): Asked => ({ type: 'callTool', params: call(n, key) })

describe('two calls that a chart makes at one event', () => {
  test.each<[string, Asked[]]>([
    ['two tools', [tool(1, 'same'), tool(2, 'same')]],
    ['tools of one list', [{ type: 'callTools', params: { calls: [call(1, 'same'), call(2, 'same')] } }]],
    ['a tool and a question', [tool(1, 'same'), { type: 'askApproval', params: { question: 'Sure?', key: 'same' } }]],
    ['two questions', [1, 2].map((n) => ({ type: 'askApproval' as const, params: { question: `Sure ${n}?`, key: 'same' } }))],
    ['two child runs', [1, 2].map((n) => ({ type: 'startChildRun' as const, params: { agent: 'asking', input: n, key: 'same' } }))],
    ['two prompts', [1, 2].map((n) => ({ type: 'callModel' as const, params: { prompt: `Say ${n}.`, key: 'same' } }))],
    ['a key and a number that is one', [tool(1), tool(2, '0')]],
    ['an id of their own', [1, 2].map((n) => ({ type: 'callTool' as const, params: { ...call(n), callId: 'mine' } }))],
  ])('are refused under one key, and the error names it (%s)', async (_, asked) => {
    const world = openWorld({ agents: [asking(asked)], models })
    const key = asked.some(({ params }) => 'callId' in params) ? 'mine' : JSON.stringify(asked).includes('same') ? 'same' : '0'
    const error: unknown = await world.refold.start('asking', { runId: 'run-1' }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'ChartInvalid', message: expect.stringContaining(`"${key}"`) as string })
    await expect(world.refold.run('run-1').state()).rejects.toMatchObject({ code: 'RunNotFound' })
  })

  test('have ids of their own without a key, and with two', async () => {
    const world = openWorld({ agents: [asking([tool(1), tool(2), tool(3, 'a'), tool(4, 'b')])], models })
    const view = await settle(world, await world.refold.start('asking'))
    expect(view.status).toBe('completed')
  })
})
