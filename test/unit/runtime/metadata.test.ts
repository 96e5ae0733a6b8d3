import { describe, expect, test } from 'vitest'
import { createProjector } from '../../../src/consumers/projector.ts'
import type { Json } from '../../../src/json.ts'
import { answer } from '../../../src/models/scripted/script.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { memoryViewStore } from '../../../src/views/memory/memory-view-store.ts'
import { parentOf } from '../../support/parent-charts.ts'
import { eventsOf, openWorld, settle } from '../../support/world.ts'

const clerk = defineAgent({ name: 'clerk', version: '1', instructions: 'Help.', models: ['scripted/one'] })
const models = { scripted: scriptedModel(() => answer('Hello.')) }

const METADATA = { source: 'shop', order: { id: 17, lines: [1, null] } }

describe('the metadata of a run', () => {
  test('is recorded, shown with it and in lists, and that of the runs that it starts', async () => {
    const world = openWorld({ agents: [parentOf([{ agent: 'clerk', key: 'a' }]), clerk], models })
    const run = await world.refold.start('parent', { runId: 'p', metadata: METADATA })
    expect(await settle(world, run)).toMatchObject({ metadata: METADATA })
    expect((await run.verify()).ok).toBe(true)
    const views = memoryViewStore()
    await createProjector({ log: world.log, views }).catchUp()
    expect((await views.list({ limit: 9 })).map(({ agent, metadata }) => ({ agent, metadata }))).toEqual([
      { agent: 'parent', metadata: METADATA },
      { agent: 'clerk', metadata: METADATA },
    ])
  })

  test('is an empty object where there is none, and in no list', async () => {
    const world = openWorld({ agents: [clerk], models })
    expect(await settle(world, await world.refold.start('clerk', { message: 'Hi' }))).toMatchObject({ metadata: {} })
    const views = memoryViewStore()
    await createProjector({ log: world.log, views }).catchUp()
    expect((await views.list({ limit: 9 }))[0]).not.toHaveProperty('metadata')
  })

  test('is part of what is asked for: another one under one run id is another start', async () => {
    const world = openWorld({ agents: [clerk], models })
    const asked = { runId: 'r', message: 'Hi', metadata: { a: 1 } }
    await settle(world, await world.refold.start('clerk', asked))
    await settle(world, await world.refold.start('clerk', asked))
    await expect(world.refold.start('clerk', { ...asked, metadata: { a: 2 } })).rejects.toMatchObject({
      code: 'IdempotencyKeyReused',
      message: expect.stringContaining('metadata: recorded {"a":1}, given {"a":2}') as string,
    })
    expect((await eventsOf(world, 'r')).filter(({ type }) => type === 'RunStarted')).toHaveLength(1)
  })

  test.each<[string, unknown]>([
    ['a text', 'shop'],
    ['a list', ['shop']],
    ['nothing', null],
    ['more than is kept', { text: 'x'.repeat(8_192) }],
    ['a name that is none', JSON.parse('{"__proto__":1}')],
    ['what is no JSON', { at: new Date(0) }],
    ['what is too deep', { deep: Array.from({ length: 200 }).reduce<Json>((inner) => [inner], 1) }],
  ])('is refused before anything is recorded where it is %s', async (_what, metadata) => {
    const world = openWorld({ agents: [clerk], models })
    const start = world.refold.start('clerk', { message: 'Hi', metadata: metadata as Record<string, Json> })
    await expect(start).rejects.toMatchObject({ code: 'InvalidInput' })
    expect(await world.log.head()).toBeUndefined()
  })
})
