import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { ModelRequest } from '../../../src/models/model.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls } from '../../../src/models/scripted/script.ts'
import { defineProjection } from '../../../src/projections/projection.ts'
import type { RunContext } from '../../../src/projections/run-context.ts'
import type { CommonAgentOptions } from '../../../src/runtime/agent-options.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { parentOf } from '../../support/parent-charts.ts'
import { eventsOf, openWorld, settle, type World } from '../../support/world.ts'

const shop = z.object({ customer: z.string(), limitUsd: z.number().default(50), language: z.enum(['de', 'en']).default('en') })

const refunded = defineProjection<number>({
  name: 'refunded',
  initial: () => 0,
  apply: (sum, event) => (event.type === 'ToolCallSucceeded' ? sum + (event.data.output as { readonly paidUsd: number }).paidUsd : sum),
})

const seen: unknown[] = []
const refund = defineTool({
  name: 'refund',
  description: 'Pays money back',
  input: z.object({ usd: z.number() }),
  output: z.object({ paidUsd: z.number() }),
  effect: 'once',
  context: shop,
  projections: [refunded],
  // What was paid back before counts as well.
  approval: ({ usd }, { context, projection }) => projection(refunded) + usd > context.limitUsd,
  execute: ({ usd }, { context, tenant, runId }) => {
    seen.push({ customer: context.customer, tenant, runId, frozen: Object.isFrozen(context) })
    return Promise.resolve({ paidUsd: usd })
  },
})

const paying = (...amounts: readonly number[]) => ({
  scripted: scriptedModel([...amounts.map((usd) => toolCalls([{ name: 'refund', arguments: { usd } }])), answer('Done.')]),
})

const clerk = (options: Partial<CommonAgentOptions<typeof shop>> = {}) =>
  defineAgent({
    name: 'clerk',
    version: '1',
    models: ['scripted/one'],
    tools: [refund],
    projections: [refunded],
    context: shop,
    instructions: 'Help.',
    ...(options as object),
  })

const startedOf = async (world: World, runId: string) => {
  const [first] = await eventsOf(world, runId)
  if (first?.type !== 'RunStarted') throw new Error('no start')
  return first.data
}

describe('the context of a run', () => {
  test('is recorded as its schema leaves it, and shown', async () => {
    const world = openWorld({ agents: [clerk()], models: paying() })
    const run = await world.refold.start('clerk', { message: 'Hi', context: { customer: 'ann', more: 'than it takes' } })
    const context = { customer: 'ann', limitUsd: 50, language: 'en' }
    expect((await startedOf(world, run.id)).context).toEqual(context)
    expect(await settle(world, run)).toMatchObject({ context })
    expect((await run.verify()).ok).toBe(true)
  })

  test.each([[undefined], [{}], [{ customer: 3 }], ['ann'], [{ customer: 'ann', language: 'fr' }]])(
    'that does not fit is refused before anything is recorded: %j',
    async (context) => {
      const world = openWorld({ agents: [clerk()], models: paying() })
      const start = world.refold.start('clerk', { message: 'Hi', context })
      await expect(start).rejects.toMatchObject({ code: 'InvalidInput', details: { field: 'context' } })
      expect(await world.log.head()).toBeUndefined()
    },
  )

  test('is what makes a repeated start the same', async () => {
    const world = openWorld({ agents: [clerk()], models: paying() })
    const options = { runId: 'r', message: 'Hi', context: { customer: 'ann' } }
    await settle(world, await world.refold.start('clerk', options))
    await settle(world, await world.refold.start('clerk', options))
    const other = world.refold.start('clerk', { ...options, context: { customer: 'bob' } })
    await expect(other).rejects.toMatchObject({ code: 'IdempotencyKeyReused' })
  })

  test('is any JSON where its agent has no schema, and nothing where there is none', async () => {
    const anything = defineAgent({ name: 'any', version: '1', instructions: '', models: ['scripted/one'] })
    const world = openWorld({ agents: [anything], models: { scripted: scriptedModel(() => answer('Hello.')) } })
    expect(await settle(world, await world.refold.start(anything, { message: 'Hi', context: [1, { a: null }] }))).toMatchObject({
      context: [1, { a: null }],
    })
    expect(await settle(world, await world.refold.start(anything, { message: 'Hi' }))).toMatchObject({ context: null })
  })
})

describe('a tool', () => {
  test('acts by the context, and its approval by what the run has done before', async () => {
    seen.splice(0)
    const world = openWorld({ agents: [clerk()], models: paying(30, 15, 10) })
    const run = await world.refold.start('clerk', { runId: 'r', message: 'Hi', tenant: 'acme', context: { customer: 'ann' } })
    const view = await settle(world, run)
    expect(view).toMatchObject({ waitsFor: 'approval', approvals: [{ subject: { input: { usd: 10 } } }] })
    expect(seen).toEqual([
      { customer: 'ann', tenant: 'acme', runId: 'r', frozen: true },
      { customer: 'ann', tenant: 'acme', runId: 'r', frozen: true },
    ])
  })

  test('that needs another context fails before anything has happened, and asks a person where it would have to decide', async () => {
    seen.splice(0)
    const world = openWorld({ agents: [clerk({ context: undefined })], models: paying(1) })
    const run = await world.refold.start('clerk', { message: 'Hi', context: { customer: 7 } })
    const [asked] = (await settle(world, run)).approvals
    await run.approve(asked?.callId ?? '', { by: 'ann' })
    await settle(world, run)
    expect(seen).toEqual([])
    expect((await eventsOf(world, run.id)).find(({ type }) => type === 'ToolCallFailed')).toMatchObject({
      data: { happened: 'no', message: 'refund cannot be used in this run', cause: expect.stringContaining('customer') as string },
    })
  })

  test('that needs another context asks nobody where its approval does not read it', async () => {
    const free = defineTool({
      name: 'refund',
      description: 'Pays money back',
      input: z.object({ usd: z.number() }),
      output: z.object({ paidUsd: z.number() }),
      effect: 'once',
      context: shop,
      execute: ({ usd }) => Promise.resolve({ paidUsd: usd }),
    })
    const world = openWorld({ agents: [clerk({ tools: [free], projections: [], context: undefined })], models: paying(1) })
    const run = await world.refold.start('clerk', { message: 'Hi', context: { customer: 7 } })
    await settle(world, run)
    const types = (await eventsOf(world, run.id)).map(({ type }) => type)
    expect(types).toContain('ToolCallFailed')
    expect(types).not.toContain('ApprovalRequested')
  })

  test('is looked up with the run, its context and what the call was to do', async () => {
    const asked: unknown[] = []
    const lost = defineTool({
      name: 'refund',
      description: 'Pays money back',
      input: z.object({ usd: z.number() }),
      output: z.object({ paidUsd: z.number() }),
      effect: 'once',
      context: shop,
      execute: () => Promise.reject(new Error('socket hang up')),
      lookup: (_, { context, tenant, runId, input }) => {
        asked.push({ context, tenant, runId, input })
        return Promise.resolve({ found: 'succeeded', output: { paidUsd: input.usd } })
      },
    })
    const world = openWorld({ agents: [clerk({ tools: [lost], projections: [] })], models: paying(3) })
    await settle(world, await world.refold.start('clerk', { runId: 'r', message: 'Hi', tenant: 'acme', context: { customer: 'ann' } }))
    expect(asked).toEqual([{ context: { customer: 'ann', limitUsd: 50, language: 'en' }, tenant: 'acme', runId: 'r', input: { usd: 3 } }])
  })
})

describe('guardrails', () => {
  test('see the context, the tenant and the projections of the run', async () => {
    const places: string[] = []
    const check = (place: string) => ({
      name: place,
      check: (_: unknown, { context, tenant, projection }: RunContext) => {
        places.push(`${place} ${(context as { readonly customer: string }).customer} ${tenant ?? ''} ${projection(refunded)}`)
        return { verdict: 'allow' as const }
      },
    })
    const guardrails = { input: [check('input')], output: [check('output')], action: [check('action')] }
    const world = openWorld({ agents: [clerk({ guardrails })], models: paying(3) })
    await settle(world, await world.refold.start('clerk', { message: 'Hi', tenant: 'acme', context: { customer: 'ann' } }))
    expect([...new Set(places)]).toEqual(['input ann acme 0', 'action ann acme 0', 'output ann acme 3'])
  })

  test('that read a projection the agent has not got let nothing through', async () => {
    const guardrail = {
      name: 'odd',
      check: (_: string, run: RunContext) => ({ verdict: 'block' as const, reason: String(run.projection(refunded)) }),
    }
    const world = openWorld({ agents: [clerk({ tools: [], projections: [], guardrails: { input: [guardrail] } })], models: paying() })
    const run = await world.refold.start('clerk', { message: 'Hi', context: { customer: 'ann' } })
    await settle(world, run)
    expect((await eventsOf(world, run.id)).find(({ type }) => type === 'InputRejected')).toMatchObject({
      data: { guardrail: 'odd', cause: expect.stringContaining('has no projection refunded') as string },
    })
  })
})

describe('instructions that an agent makes from the context', () => {
  const asking = () => {
    const requests: ModelRequest[] = []
    return { requests, models: { scripted: scriptedModel((request) => (requests.push(request), answer('Hello.'))) } }
  }

  test('are made once, recorded, and kept by the run whatever becomes of the code', async () => {
    const { requests, models } = asking()
    const before = clerk({ instructions: ({ language, customer }) => `Help ${customer} in ${language}.` })
    const world = openWorld({ agents: [before], models })
    const run = await world.refold.start(before, { message: 'Hi', context: { customer: 'ann', language: 'de' } })
    await settle(world, run)
    expect((await startedOf(world, run.id)).instructions).toBe('Help ann in de.')
    const after = clerk({ instructions: () => 'Sell more.' })
    const next = openWorld({ agents: [after], models, log: world.log, clock: world.clock, owner: 'here/2/b' })
    const again = next.refold.run(run.id)
    await again.send({ message: 'Again' })
    await settle(next, again)
    expect(requests.map(({ instructions }) => instructions)).toEqual(['Help ann in de.', 'Help ann in de.'])
    expect(next.notices).toContainEqual(expect.objectContaining({ type: 'agentChanged', changes: ['what makes the instructions'] }))
    expect((await again.verify()).ok).toBe(true)
  })

  test.each([
    [
      'throws',
      () => {
        throw new Error('no template')
      },
      'no template',
    ],
    ['gives no text', () => 3 as unknown as string, 'expected a text, found number'],
    ['gives a promise', () => Promise.resolve('later') as unknown as string, 'promise'],
  ])('keep the run from starting where their code %s', async (_, instructions, words) => {
    const { models } = asking()
    const world = openWorld({ agents: [clerk({ instructions })], models })
    const start = world.refold.start('clerk', { message: 'Hi', context: { customer: 'ann' } })
    await expect(start).rejects.toMatchObject({ code: 'CodeFailed', message: expect.stringContaining(words) as string })
    expect(await world.log.head()).toBeUndefined()
  })
})

describe('a run that moves to another version', () => {
  const first = () => clerk({ instructions: ({ customer }) => `Help ${customer}.` })
  const begun = async () => {
    const world = openWorld({ agents: [first()], models: { scripted: scriptedModel(() => answer('Hello.')) } })
    await settle(world, await world.refold.start('clerk', { runId: 'r', message: 'Hi', context: { customer: 'ann' } }))
    return world
  }
  const second = (options: object) => {
    const { instructions = 'Help.', context = shop } = options as { instructions?: string; context?: typeof shop }
    return defineAgent({
      name: 'clerk',
      version: '2',
      models: ['scripted/one'],
      tools: [refund],
      projections: [refunded],
      context,
      instructions,
    })
  }
  const movedTo = async (options: object) => {
    const world = await begun()
    const requests: ModelRequest[] = []
    const models = { scripted: scriptedModel((request) => (requests.push(request), answer('Hello.'))) }
    const next = openWorld({ agents: [first(), second(options)], models, log: world.log, clock: world.clock, owner: 'here/2/b' })
    const run = next.refold.run('r')
    await run.move({ to: '2', by: 'ann' })
    await run.send({ message: 'Again' })
    await settle(next, run)
    expect((await run.verify()).ok).toBe(true)
    return requests.map(({ instructions }) => instructions)
  }

  test('has the instructions of that version, made from its context', async () => {
    expect(await movedTo({ instructions: ({ customer }: { customer: string }) => `Serve ${customer}.` })).toEqual(['Serve ann.'])
    expect(await movedTo({ instructions: 'Serve everybody.' })).toEqual(['Serve everybody.'])
  })

  test.each([
    ['that has another shape', { context: shop.extend({ team: z.string() }) }],
    ['that would read otherwise', { context: shop.extend({ limitUsd: z.literal(50).transform(() => 60) }) }],
    [
      'that its instructions cannot be made from',
      {
        instructions: () => {
          throw new Error('no template')
        },
      },
    ],
  ])('does not move to one that needs a context %s', async (_, options) => {
    const reason = expect.stringContaining('beginning: expected') as string
    await expect(movedTo(options)).rejects.toMatchObject({ code: 'NotPossible', message: reason })
  })
})

describe('a child run', () => {
  test('has the context of the run that asked for it, as its own agent reads it', async () => {
    const parent = parentOf([{ agent: 'clerk', key: 'a' }])
    const world = openWorld({ agents: [parent, clerk()], models: paying() })
    await settle(world, await world.refold.start('parent', { runId: 'p', context: { customer: 'ann', team: 7 } }))
    expect((await startedOf(world, 'p')).context).toEqual({ customer: 'ann', team: 7 })
    const asked = (await eventsOf(world, 'p')).flatMap((event) => (event.type === 'ChildRunRequested' ? [event.data.childRunId] : []))
    expect((await startedOf(world, asked[0] ?? '')).context).toEqual({ customer: 'ann', limitUsd: 50, language: 'en' })
  })

  test('whose agent needs another one does not begin, and the run that asked is told', async () => {
    const world = openWorld({ agents: [parentOf([{ agent: 'clerk', key: 'a' }]), clerk()], models: paying() })
    const view = await settle(world, await world.refold.start('parent', { context: { team: 7 } }))
    expect(view).toMatchObject({
      status: 'failed',
      reason: expect.stringContaining('Expected the context that clerk@1 begins with') as string,
    })
  })
})
