import { describe, expect, test } from 'vitest'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer } from '../../../src/models/scripted/script.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { createProjector } from '../../../src/consumers/projector.ts'
import { memoryViewStore } from '../../../src/views/memory/memory-view-store.ts'
import { parentOf } from '../../support/parent-charts.ts'
import { eventsOf, openWorld, settle } from '../../support/world.ts'

const clerk = defineAgent({ name: 'clerk', version: '1', instructions: 'Help.', models: ['scripted/one'] })
const models = { scripted: scriptedModel(() => answer('Hello.')) }

describe('the tags of a run', () => {
  test('are recorded, shown, and those of the runs that it starts', async () => {
    const world = openWorld({ agents: [parentOf([{ agent: 'clerk', key: 'a' }]), clerk], models })
    const tags = { customer: 'ann', 'order.id': '17' }
    const run = await world.refold.start('parent', { runId: 'p', tags })
    expect(await settle(world, run)).toMatchObject({ tags })
    expect((await run.verify()).ok).toBe(true)
    const views = memoryViewStore()
    await createProjector({ log: world.log, views }).catchUp()
    const tagged = await views.list({ tag: 'order.id=17', limit: 9 })
    expect(tagged.map(({ agent }) => agent).sort()).toEqual(['clerk', 'parent'])
    expect(await views.list({ tag: 'order.id=1', limit: 9 })).toEqual([])
  })

  test('are part of what is asked for: other ones under one run id are another start', async () => {
    const world = openWorld({ agents: [clerk], models })
    await settle(world, await world.refold.start('clerk', { runId: 'r', message: 'Hi', tags: { a: '1' } }))
    await settle(world, await world.refold.start('clerk', { runId: 'r', message: 'Hi', tags: { a: '1' } }))
    await expect(world.refold.start('clerk', { runId: 'r', message: 'Hi', tags: { a: '2' } })).rejects.toMatchObject({
      code: 'IdempotencyKeyReused',
      message: expect.stringContaining('tags: recorded {"a":"1"}, given {"a":"2"}') as string,
    })
    expect((await eventsOf(world, 'r')).filter(({ type }) => type === 'RunStarted')).toHaveLength(1)
  })

  test.each([
    [{ '': 'x' }],
    [{ 'a b': 'x' }],
    [{ ['__proto__']: 'x' }],
    [{ a: '' }],
    [{ a: 'x\ny' }],
    [{ a: 'x\u2028y' }],
    [{ a: '\ud800' }],
    [{ a: 'x'.repeat(201) }],
    [{ ['a'.repeat(65)]: 'x' }],
    [{ a: 7 }],
    [Object.fromEntries(Array.from({ length: 33 }, (_, at) => [`t${at}`, 'x']))],
    ['a=b'],
  ])('are refused where a list could not show them: %j', async (tags) => {
    const world = openWorld({ agents: [clerk], models })
    const start = world.refold.start('clerk', { message: 'Hi', tags: tags as Record<string, string> })
    await expect(start).rejects.toMatchObject({ code: 'InvalidInput' })
    expect(await world.log.head()).toBeUndefined()
  })

  test('are refused under another name in words that say which names there may be', async () => {
    const world = openWorld({ agents: [clerk], models })
    const start = world.refold.start('clerk', { message: 'Hi', tags: { 'a b': 'x' } })
    await expect(start).rejects.toThrow('tags.a b: expected 1 to 64 letters, digits')
  })
})
