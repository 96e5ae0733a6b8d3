import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { ActionGuardrail, TextGuardrail } from '../../../src/guardrails/guardrail.ts'
import { answer, toolCalls } from '../../../src/models/scripted/script.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import type { CommonAgentOptions } from '../../../src/runtime/agent-options.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { agentRegistry } from '../../../src/runtime/code/agents.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { dependency } from '../../../src/tools/dependency.ts'
import { eventsOf, openWorld, settle } from '../../support/world.ts'

/** Books that only a process has. */
class Books {
  readonly entries: string[] = []
  has(entry: string): boolean {
    return this.entries.includes(entry)
  }
}

const pay = defineTool({
  name: 'pay',
  description: 'Pays',
  input: z.object({ order: z.string() }),
  output: z.object({ paid: z.string() }),
  effect: 'once',
  dependencies: { books: dependency<Books>(), limit: dependency<number>() },
  approval: (_, { dependencies }) => dependencies.books.entries.length >= dependencies.limit,
  execute: ({ order }, { dependencies }) => {
    dependencies.books.entries.push(order)
    return order === 'lost' ? Promise.reject(new Error('socket hang up')) : Promise.resolve({ paid: order })
  },
  lookup: (_, { dependencies, input }) =>
    Promise.resolve(dependencies.books.has(input.order) ? { found: 'succeeded', output: { paid: input.order } } : { found: 'nothing' }),
})

const agentWith = (options: Partial<CommonAgentOptions> = {}) =>
  defineAgent({ name: 'payer', version: '1', instructions: 'Pay.', models: ['scripted/one'], tools: [pay], ...(options as object) })

const paying = (...orders: readonly string[]) => ({
  scripted: scriptedModel([...orders.map((order) => toolCalls([{ name: 'pay', arguments: { order } }])), answer('Paid.')]),
})

describe('what a tool needs that is code', () => {
  test('is seen by the tool, its approval and its look-up, as the process has it, and not recorded', async () => {
    const books = new Books()
    const world = openWorld({
      agents: [agentWith()],
      models: paying('17', 'lost', '18'),
      dependencies: { books, limit: 2, unused: 'secret' },
    })
    const run = await world.refold.start('payer', { message: 'Pay.' })
    const view = await settle(world, run)
    expect(books.entries).toEqual(['17', 'lost'])
    expect(view).toMatchObject({ waitsFor: 'approval', approvals: [{ subject: { input: { order: '18' } } }] })
    const events = await eventsOf(world, run.id)
    expect(events.find(({ type }) => type === 'ToolCallUnresolved')).toBeDefined()
    expect(events.find((event) => event.type === 'ToolCallSucceeded' && event.data.settledBy === 'lookup')).toBeDefined()
    expect(JSON.stringify(events)).not.toMatch(/secret|entries/)
    expect((await run.verify()).ok).toBe(true)
  })

  test('is of a process: another one has its own, and an agent that is given to both keeps nothing of them', async () => {
    const agent = agentWith()
    const [one, other] = [new Books(), new Books()]
    for (const books of [one, other]) {
      const world = openWorld({ agents: [agent], models: paying('17'), dependencies: { books, limit: 9 } })
      await settle(world, await world.refold.start(agent, { message: 'Pay.' }))
    }
    expect([one.entries, other.entries]).toEqual([['17'], ['17']])
  })

  test.each<[string, Readonly<Record<string, unknown>> | undefined, string]>([
    ['nothing is given', undefined, 'Expected the dependency books, which the tool pay of payer@1 needs, found none'],
    [
      'another is given',
      { books: new Books(), limits: 3 },
      'Expected the dependency limit, which the tool pay of payer@1 needs, found books, limits',
    ],
    ['what is given is nothing', { books: undefined, limit: 3 }, 'Expected the dependency books'],
    [
      'it is only inherited',
      Object.create({ books: new Books(), limit: 3 }) as object as Record<string, unknown>,
      'Expected the dependency books',
    ],
  ])('is asked for where a process opens: %s', (_what, dependencies, message) => {
    const open = () => openWorld({ agents: [agentWith()], models: paying(), ...(dependencies === undefined ? {} : { dependencies }) })
    expect(open).toThrow(
      expect.objectContaining({ code: 'InvalidConfiguration', message: expect.stringContaining(message) as string }) as Error,
    )
  })

  test('is nothing that it has not declared', async () => {
    const seen: unknown[] = []
    const nosy = defineTool({
      name: 'pay',
      description: 'Pays',
      input: z.object({ order: z.string() }),
      output: z.null(),
      effect: 'read',
      dependencies: { limit: dependency<number>() },
      execute: (_, { dependencies }) => {
        seen.push({ ...dependencies })
        return Promise.resolve(null)
      },
    })
    const world = openWorld({
      agents: [agentWith({ tools: [nosy] })],
      models: paying('17'),
      dependencies: { limit: 3, books: new Books() },
    })
    await settle(world, await world.refold.start('payer', { message: 'Pay.' }))
    expect(seen).toEqual([{ limit: 3 }])
  })
})

describe('what a guardrail needs that is code', () => {
  const noNames: TextGuardrail<{ readonly names: readonly string[] }> = {
    name: 'no-names',
    dependencies: { names: dependency<readonly string[]>() },
    check: (text, { dependencies: { names } }) =>
      names.some((name) => text.includes(name)) ? { verdict: 'block', reason: 'a name' } : { verdict: 'allow' },
  }
  const open: ActionGuardrail<{ readonly isOpen: () => boolean }> = {
    name: 'open',
    dependencies: { isOpen: dependency<() => boolean>() },
    check: (_, { dependencies }) => (dependencies.isOpen() ? { verdict: 'allow' } : { verdict: 'block', reason: 'we are closed' }),
  }

  test('is seen by it', async () => {
    const agents = [agentWith({ guardrails: { input: [noNames], action: [open] } })]
    const dependencies = { books: new Books(), limit: 9, names: ['Ann'], isOpen: () => false }
    const world = openWorld({ agents, models: paying('17'), dependencies })
    const blocked = await world.refold.start('payer', { message: 'Pay Ann.' })
    await settle(world, blocked)
    expect((await eventsOf(world, blocked.id)).find(({ type }) => type === 'InputRejected')?.data).toMatchObject({ guardrail: 'no-names' })
    const run = await world.refold.start('payer', { message: 'Pay.' })
    await settle(world, run)
    expect((await eventsOf(world, run.id)).find(({ type }) => type === 'ToolCallRejected')?.data).toMatchObject({ guardrail: 'open' })
    expect(dependencies.books.entries).toEqual([])
  })

  test('is asked for where a process opens', () => {
    const agent = agentWith({ tools: [], guardrails: { output: [noNames] } })
    expect(() => agentRegistry([agent])).toThrow('Expected the dependency names, which the guardrail no-names of payer@1 needs')
  })
})
