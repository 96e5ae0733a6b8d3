import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { defineAgent, type Agent, type ModelRequest } from 'refold'
import { answer, openTestRefold, scriptedModel, type TestRefold } from 'refold/testing'

const support = (version: string, options: object = {}): Agent =>
  defineAgent({ name: 'support', version, instructions: `Help as ${version}.`, models: ['shop/one'], ...options } as never) as Agent

interface Begun {
  readonly refold: TestRefold
  readonly asked: readonly ModelRequest[]
}

/** A run `one` of version 1, then a process that has both. */
const begun = async (next: Agent, message: Parameters<TestRefold['start']>[1] = { message: 'Hello' }): Promise<Begun> => {
  const asked: ModelRequest[] = []
  const model = scriptedModel((request: ModelRequest) => {
    asked.push(request)
    return answer(`${request.model} ${asked.length}`)
  })
  const then = await openTestRefold({ agents: [support('1')], models: { shop: model } })
  await then.settle(await then.start('support', { runId: 'one', ...message }))
  return { refold: await then.crash({ agents: [next, support('1')] }), asked }
}

const options = { at: 1, by: 'dana', runId: 'fork', agentVersion: '2', anew: true } as const

describe('a fork that begins anew', () => {
  test('has the settings of its version, which other forks have not, and is sound', async () => {
    const next = support('2', { models: ['shop/two'], limits: { iterationsPerTurn: 3 } })
    const { refold, asked } = await begun(next)
    const fork = await refold.run('one').fork(options)
    await refold.settle(fork)
    const [started, said] = await refold.events('fork')
    expect(started?.data).toMatchObject({
      agentVersion: '2',
      settings: { models: ['shop/two'], limits: { iterationsPerTurn: 3 } },
      forkOf: { runId: 'one', revision: 1 },
    })
    expect(said).toMatchObject({ type: 'MessageReceived', meta: { at: (await refold.events('one'))[1]?.meta.at } })
    expect(asked.at(-1)).toMatchObject({ model: 'two', instructions: 'Help as 2.' })
    expect(await fork.verify()).toMatchObject({ ok: true })
    const events = await refold.events('fork')
    await refold.run('one').fork(options)
    expect(await refold.events('fork')).toEqual(events)
    const other = await refold.run('one').fork({ ...options, anew: false, runId: 'other' })
    await refold.settle(other)
    expect((await refold.events('other'))[0]?.data).toMatchObject({ agentVersion: '2', settings: { models: ['shop/one'] } })
  })

  test('checks what its version checks, and shows its model what was said, with its pictures', async () => {
    const block = { name: 'no', check: () => ({ verdict: 'block', reason: 'no' }) }
    const picture = { type: 'image', source: { type: 'bytes', data: new Uint8Array([137, 80, 78, 71, 13, 10, 26, 10]) } } as const
    const said = { message: [{ type: 'text', text: 'Look' }, picture] } as const
    const blocked = await begun(support('2', { guardrails: { input: [block] } }), said)
    await blocked.refold.settle(await blocked.refold.run('one').fork(options))
    expect((await blocked.refold.events('fork')).map(({ type }) => type)).toContain('InputRejected')
    const { refold, asked } = await begun(support('2'), said)
    await refold.settle(await refold.run('one').fork(options))
    expect(asked.at(-1)?.messages).toEqual(asked[0]?.messages)
  })

  test.each([
    ['no version', { agentVersion: undefined }, 'InvalidInput'],
    ['a version that is not there', { agentVersion: '9' }, 'UnknownAgent'],
    ['more than what was said', { at: 2 }, 'NotPossible'],
  ])('is refused with %s', async (_, others, code) => {
    const { refold } = await begun(support('2'))
    await expect(refold.run('one').fork({ ...options, ...others })).rejects.toMatchObject({ code })
    await expect(refold.events('fork')).rejects.toMatchObject({ code: 'RunNotFound' })
  })

  test('is refused where its version does not take what the run began with', async () => {
    const { refold } = await begun(support('2', { context: z.object({ name: z.string() }) }))
    await expect(refold.run('one').fork(options)).rejects.toMatchObject({ code: 'InvalidInput' })
  })
})

test('a fork for which nothing is recorded asks the model what it was asked', async () => {
  const { refold, asked } = await begun(support('2'))
  const answers = async (runId: string, recorded: boolean): Promise<unknown> =>
    (await refold.settle(await refold.run('one').fork({ at: 1, by: 'dana', runId, recorded, modelCalls: 1 }))).answer
  expect([await answers('as-recorded', true), asked.length]).toEqual(['one 1', 1])
  expect([await answers('asked', false), asked.length]).toEqual(['one 2', 2])
})
