import { describe, expect, test } from 'vitest'
import { assign, setup } from 'xstate'
import { z } from 'zod'
import type { ChartEvent } from '../../../src/machines/chart-event.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer } from '../../../src/models/scripted/script.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { eventsOf, openWorld, settle } from '../../support/world.ts'

const DAY_MS = 86_400_000

const intent = (_: unknown, _params: Record<string, unknown>): void => undefined

const fetchPrice = defineTool({
  name: 'fetch_price',
  description: 'The price of a thing',
  input: z.object({ thing: z.string() }),
  output: z.number(),
  effect: 'read',
  execute: ({ thing }) => Promise.resolve(thing.length),
})

interface Purchase {
  readonly thing: string
  readonly price: number
  readonly words: string
}

/** A workflow: a tool, a person, a model for the letter, a day to think it over. */
const purchase = setup({
  types: { context: {} as Purchase, events: {} as ChartEvent, input: {} as { input: { thing: string } } },
  actions: { callTool: intent, askApproval: intent, callModel: intent },
  delays: { aDay: DAY_MS },
}).createMachine({
  id: 'purchase',
  context: ({ input }) => ({ thing: input.input.thing, price: 0, words: '' }),
  initial: 'pricing',
  output: ({ context }) => ({ price: context.price, words: context.words }),
  states: {
    pricing: {
      entry: { type: 'callTool', params: ({ context }) => ({ tool: 'fetch_price', input: { thing: context.thing } }) },
      on: {
        ToolCallSucceeded: { target: 'asking', actions: assign({ price: ({ event }) => Number(event.output) }) },
        ToolCallRejected: 'failed',
      },
    },
    asking: {
      tags: 'human',
      entry: { type: 'askApproval', params: ({ context }) => ({ question: `Buy for ${context.price}?` }) },
      on: { ApprovalGranted: 'writing', ApprovalDenied: 'failed' },
    },
    writing: {
      entry: {
        type: 'callModel',
        params: ({ context }) => ({ prompt: `Write a letter about ${context.thing}.`, instructions: 'Be brief.' }),
      },
      on: {
        ModelCallSucceeded: {
          target: 'thinkingItOver',
          actions: assign({ words: ({ event }) => event.parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('') }),
        },
        ModelCallFailed: 'failed',
      },
    },
    thinkingItOver: { after: { aDay: 'bought' } },
    bought: { type: 'final' },
    failed: { type: 'final', tags: 'failed' },
  },
})

const agent = defineAgent({
  name: 'purchase',
  version: '1',
  chart: purchase,
  probeInput: { thing: 'x' },
  models: ['scripted/one'],
  tools: [fetchPrice],
})

describe('a chart of a user’s own', () => {
  test('asks for tools, people, models and time by the same intents, and ends with its output', async () => {
    const prompts: string[] = []
    const model = scriptedModel((request) => {
      prompts.push(`${request.instructions} ${JSON.stringify(request.messages)} ${request.tools.length}`)
      return answer('Dear shop')
    })
    const world = openWorld({ agents: [agent], models: { scripted: model } })
    const run = await world.refold.start('purchase', { input: { thing: 'lamp' } })
    const asked = await run.untilSettled()
    expect(asked).toMatchObject({ state: 'asking', approvals: [{ subject: { question: 'Buy for 4?' } }] })
    await run.approve(asked.approvals[0]!.callId, { by: 'dana' })
    expect(await settle(world, run)).toMatchObject({ status: 'completed', output: { price: 4, words: 'Dear shop' } })
    expect(prompts).toEqual(['Be brief. [{"role":"user","parts":[{"type":"text","text":"Write a letter about lamp."}]}] 0'])
    const events = await eventsOf(world, run.id)
    const scheduled = events.findLast(({ type }) => type === 'TimerScheduled')
    expect(scheduled?.type === 'TimerScheduled' && scheduled.data.dueAt - scheduled.meta.at).toBe(DAY_MS)
    expect((await run.verify()).ok).toBe(true)
  })

  test('that ends in a state tagged failed fails the run', async () => {
    const world = openWorld({ agents: [agent], models: { scripted: scriptedModel([]) } })
    const run = await world.refold.start('purchase', { input: { thing: 'lamp' } })
    const { approvals } = await run.untilSettled()
    await run.deny(approvals[0]!.callId, { by: 'dana', reason: 'too dear' })
    expect(await settle(world, run)).toMatchObject({ status: 'failed' })
    await expect(run.result()).rejects.toMatchObject({ code: 'NotPossible' })
  })

  test('may be cancelled though it never heard of it', async () => {
    const world = openWorld({ agents: [agent], models: { scripted: scriptedModel([]) } })
    const run = await world.refold.start('purchase', { input: { thing: 'lamp' } })
    await run.untilSettled()
    await run.cancel({ by: 'ops', reason: 'enough' })
    expect(await run.state()).toMatchObject({ status: 'cancelled', approvals: [] })
  })

  test('whose guard throws refuses that command, and nothing else is touched', async () => {
    const fragile = setup({
      types: { context: {} as { n: number }, events: {} as ChartEvent },
      guards: {
        isFine: ({ event }) => {
          if (event.type === 'MessageReceived' && event.text === 'bad') throw new Error('the guard fell over')
          return true
        },
      },
    }).createMachine({
      id: 'fragile',
      context: () => ({ n: 0 }),
      initial: 'waiting',
      states: {
        waiting: { tags: ['human', 'message'], on: { MessageReceived: { guard: 'isFine', target: 'done' } } },
        done: { type: 'final' },
      },
    })
    const world = openWorld({ agents: [defineAgent({ name: 'fragile', version: '1', chart: fragile })] })
    const [first, second] = [await world.refold.start('fragile'), await world.refold.start('fragile')]
    await expect(first.send({ message: 'bad' })).rejects.toThrow('the guard fell over')
    await second.send({ message: 'good' })
    expect(await second.state()).toMatchObject({ status: 'completed' })
    await first.send({ message: 'good' })
    expect(await first.state()).toMatchObject({ status: 'completed' })
  })

  test('that throws at what has happened fails its own run with the reason', async () => {
    const fragile = setup({
      types: { context: {} as { n: number }, events: {} as ChartEvent },
      actions: { callTool: intent },
    }).createMachine({
      id: 'fragile',
      context: () => ({ n: 0 }),
      initial: 'working',
      states: {
        working: {
          entry: { type: 'callTool', params: () => ({ tool: 'fetch_price', input: { thing: 'x' } }) },
          on: {
            ToolCallSucceeded: {
              actions: assign(() => {
                throw new Error('the sum fell over')
              }),
            },
          },
        },
      },
    })
    const world = openWorld({ agents: [defineAgent({ name: 'fragile', version: '1', chart: fragile, tools: [fetchPrice] })] })
    const run = await world.refold.start('fragile')
    expect(await settle(world, run)).toMatchObject({ status: 'failed', reason: expect.stringContaining('the sum fell over') as string })
    expect(world.notices).toContainEqual(expect.objectContaining({ type: 'runBroken', runId: run.id }))
  })

  test('starts child runs, and gets their result or their failure', async () => {
    const parentOf = (child: string) =>
      setup({
        types: { context: {} as { got: unknown }, events: {} as ChartEvent },
        actions: { startChildRun: intent },
      }).createMachine({
        id: 'parent',
        context: () => ({ got: null }),
        initial: 'delegating',
        output: ({ context }) => context.got,
        states: {
          delegating: {
            entry: { type: 'startChildRun', params: () => ({ agent: child, input: { thing: 'sofa' } }) },
            on: {
              ChildRunSucceeded: { target: 'done', actions: assign({ got: ({ event }) => event.output }) },
              ChildRunFailed: { target: 'lost', actions: assign({ got: ({ event }) => event.reason }) },
            },
          },
          done: { type: 'final' },
          lost: { type: 'final', tags: 'failed' },
        },
      })
    const sum = setup({
      types: { context: {} as { n: number }, events: {} as ChartEvent, input: {} as { input: { thing: string } } },
      actions: { callTool: intent },
    }).createMachine({
      id: 'sum',
      context: ({ input }) => ({ n: input.input.thing.length }),
      initial: 'done',
      output: ({ context }) => context.n,
      states: { done: { type: 'final' } },
    })
    const child = defineAgent({ name: 'sum', version: '1', chart: sum, probeInput: { thing: 'x' } })
    const good = defineAgent({ name: 'good', version: '1', chart: parentOf('sum') })
    const lost = defineAgent({ name: 'lost', version: '1', chart: parentOf('nobody') })
    const world = openWorld({ agents: [child, good, lost] })
    const run = await world.refold.start('good')
    expect(await settle(world, run)).toMatchObject({ status: 'completed', output: 4 })
    const failing = await world.refold.start('lost')
    expect(await settle(world, failing)).toMatchObject({ status: 'failed' })
  })
})
