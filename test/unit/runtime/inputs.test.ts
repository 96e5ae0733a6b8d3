import { describe, expect, test } from 'vitest'
import { assign, setup } from 'xstate'
import { z } from 'zod'
import type { Json } from '../../../src/json.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { parentOf } from '../../support/parent-charts.ts'
import { eventsOf, openWorld, settle } from '../../support/world.ts'

const echo = (id = 'echo') =>
  setup({
    types: { context: {} as { readonly given: Json }, input: {} as { readonly input: Json } },
    actions: { nothing: assign({}) },
  }).createMachine({
    id,
    context: ({ input }) => ({ given: input.input ?? null }),
    initial: 'done',
    states: { done: { type: 'final' } },
    output: ({ context }) => context.given,
  })

const transfer = z.object({ iban: z.string().trim().min(5), amount: z.number().default(10) })
const agentOf = (version = '1') => defineAgent({ name: 'transfer', version, chart: echo(), input: transfer, probeInput: { iban: 'DE123' } })

describe('an agent that says what it begins with', () => {
  test('gets what its schema makes of it, and the log holds that', async () => {
    const agent = agentOf()
    const world = openWorld({ agents: [agent] })
    const run = await world.refold.start(agent, { input: { iban: ' DE999 ' } })
    expect((await settle(world, run)).output).toEqual({ iban: 'DE999', amount: 10 })
    expect((await eventsOf(world, run.id))[0]).toMatchObject({ data: { input: { iban: 'DE999', amount: 10 } } })
    expect((await run.verify()).ok).toBe(true)
  })

  test.each([[{}], [{ iban: 'x' }], [null], ['DE999'], [{ iban: 'DE999', amount: '3' }], [undefined]])(
    'refuses %j before anything is recorded',
    async (input) => {
      const world = openWorld({ agents: [agentOf()] })
      const start = world.refold.start('transfer', input === undefined ? { runId: 'r' } : { runId: 'r', input })
      await expect(start).rejects.toMatchObject({
        code: 'InvalidInput',
        message: expect.stringContaining('Expected the input that transfer@1 begins with') as string,
      })
      expect(await world.log.head()).toBeUndefined()
    },
  )

  test('is started again by the same command, also where its schema fills in something else by now', async () => {
    const world = openWorld({ agents: [agentOf()] })
    await settle(world, await world.refold.start('transfer', { runId: 'r', input: { iban: 'DE999' } }))
    const later = defineAgent({ name: 'transfer', version: '2', chart: echo(), input: transfer.extend({ amount: z.number().default(20) }) })
    const next = openWorld({ agents: [agentOf(), later], log: world.log, clock: world.clock, owner: 'here/2/b' })
    expect((await next.refold.start('transfer', { runId: 'r', input: { iban: 'DE999' } })).id).toBe('r')
    await expect(next.refold.start('transfer', { runId: 'r', input: { iban: 'DE998' } })).rejects.toMatchObject({
      code: 'IdempotencyKeyReused',
    })
  })

  test('refuses a schema that throws', async () => {
    const odd = z.json().refine(() => {
      throw new Error('no rate today')
    })
    const agent = defineAgent({ name: 'odd', version: '1', chart: echo(), input: odd })
    const world = openWorld({ agents: [agent] })
    await expect(world.refold.start('odd', { input: 1 })).rejects.toMatchObject({
      code: 'InvalidInput',
      details: { cause: 'no rate today' },
    })
  })

  test('may take nothing', async () => {
    const agent = defineAgent({ name: 'free', version: '1', chart: echo(), input: z.object({ name: z.string() }).optional() })
    const world = openWorld({ agents: [agent] })
    expect(await settle(world, await world.refold.start(agent))).toMatchObject({ status: 'completed', output: null })
  })

  test('fails the call of a run that asks for it with something else', async () => {
    const world = openWorld({ agents: [parentOf([{ agent: 'transfer', key: 'a' }]), agentOf()] })
    const view = await settle(world, await world.refold.start('parent', { runId: 'p' }))
    expect(view).toMatchObject({
      status: 'failed',
      reason: expect.stringContaining('Expected the input that transfer@1 begins with') as string,
    })
  })

  test.each([
    ['input', { input: z.map(z.string(), z.string()) }],
    ['probeInput', { input: transfer, probeInput: { iban: 3 } }],
  ])('cannot be defined with a wrong %s', (field, options) => {
    const define = () => defineAgent({ name: 'wrong', version: '1', chart: echo(), ...(options as object) })
    expect(define).toThrow(expect.objectContaining({ code: 'InvalidConfiguration', details: { agent: 'wrong', field } }) as Error)
  })
})

describe('a start by the agent itself', () => {
  test('begins that version, also where a later one has come', async () => {
    const [first, second] = [agentOf('1'), agentOf('2')]
    const world = openWorld({ agents: [first, second] })
    expect(await (await world.refold.start(first, { input: { iban: 'DE999' } })).state()).toMatchObject({ agent: 'transfer@1' })
    expect(await (await world.refold.start('transfer', { input: { iban: 'DE999' } })).state()).toMatchObject({ agent: 'transfer@2' })
  })

  test('is refused for one that was not given to Refold, whatever its name', async () => {
    const world = openWorld({ agents: [agentOf('1')] })
    await expect(world.refold.start(agentOf('1'), { input: { iban: 'DE999' } })).rejects.toMatchObject({ code: 'UnknownAgent' })
    await expect(world.refold.start(agentOf('7'), { input: { iban: 'DE999' } })).rejects.toMatchObject({ code: 'UnknownAgent' })
  })
})
