import { describe, expect, test } from 'vitest'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer } from '../../../src/models/scripted/script.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { openWorld, settle } from '../../support/world.ts'

const helper = defineAgent({ name: 'helper', version: '1', instructions: '', models: ['scripted/one'] })
const open = () => openWorld({ agents: [helper], models: { scripted: scriptedModel(() => answer('Hello.')) } })
const talked = async () => {
  const world = open()
  const run = await world.refold.start('helper', { message: 'Hi' })
  await settle(world, run)
  return { world, run }
}

const LONG = 'x'.repeat(1024 * 1024)
const unreadable = new Proxy(
  {},
  {
    get: () => {
      throw new Error('looked at')
    },
    getPrototypeOf: () => {
      throw new Error('looked at')
    },
    ownKeys: () => {
      throw new Error('looked at')
    },
  },
)

/** It says what it expected, and what it has found, in a few words. */
const isRefused = async (ask: () => unknown): Promise<void> => {
  const error: unknown = await Promise.resolve()
    .then(ask)
    .catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'InvalidInput', message: expect.stringMatching(/^Expected .*found /) as string })
  expect((error as Error).message.length).toBeLessThan(1_000)
}

describe('a program without types', () => {
  test.each([null, undefined, 5, true, Symbol('helper'), 10n, () => helper])('starts what is no agent (%#)', async (agent) => {
    await isRefused(() => open().refold.start(agent as never))
  })

  test.each<[string, unknown]>([
    ['an empty object', {}],
    ['one that cannot be read', unreadable],
    ['a copy of a known one', { ...helper }],
    ['a name of a MiB', LONG],
    ['__proto__', '__proto__'],
  ])('starts no agent that nobody knows: %s', async (_, agent) => {
    const error: unknown = await open()
      .refold.start(agent as never)
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'UnknownAgent' })
    expect((error as Error).message.length).toBeLessThan(1_000)
  })

  test.each([5, null, undefined, {}, [], Symbol('one'), 'a\0', '\ud800', LONG].map((id) => [id]))(
    'has no run of an odd id (%#)',
    async (id) => {
      await isRefused(() => open().refold.run(id as never))
      await isRefused(() => open().refold.delete(id as never, { by: 'ann' }))
    },
  )

  test.each([undefined, null, -1, Number.NaN, 1.5, Infinity, '1', {}, 2 ** 60].map((at) => [at]))(
    'sees no run at an odd revision (%#)',
    async (at) => {
      const { run } = await talked()
      await isRefused(() => run.at(at as never))
      if (at !== undefined) await isRefused(() => Array.fromAsync(run.events({ from: at as never })))
    },
  )

  test.each([null, 5, 'now', unreadable, { signal: 5 }, { signal: {} }, { signal: null }].map((options) => [options]))(
    'follows nothing with odd options (%#)',
    async (options) => {
      const { run } = await talked()
      await isRefused(() => Array.fromAsync(run.events(options as never)))
      await isRefused(() => Array.fromAsync(run.deltas(options as never)))
      await isRefused(() => run.untilSettled(options as never))
      await isRefused(() => run.result(options as never))
    },
  )

  test.each([1, null, undefined, '', {}, LONG].map((to) => [to]))('asks of no move to an odd version (%#)', async (to) => {
    const { run } = await talked()
    await isRefused(() => run.checkMove(to as never))
  })
})
