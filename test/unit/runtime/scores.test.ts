import { describe, expect, test } from 'vitest'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls } from '../../../src/models/scripted/script.ts'
import { MOST_SCORES } from '../../../src/fold/scores.ts'
import { defineAgent, type Agent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { defineProjection } from '../../../src/projections/projection.ts'
import { createProjector } from '../../../src/consumers/projector.ts'
import { memoryViewStore } from '../../../src/views/memory/memory-view-store.ts'
import { explore } from '../../../src/testing/explore/explore.ts'
import { eventsOf, openWorld, settle, type World } from '../../support/world.ts'
import { z } from 'zod'

const look = defineTool({
  name: 'look',
  description: 'Looks',
  input: z.object({}),
  output: z.object({ seen: z.number() }),
  effect: 'read',
  execute: () => Promise.resolve({ seen: 1 }),
})
const options = { name: 'helper', version: '1', instructions: 'Help.', models: ['scripted/one'], tools: [look] }
const agent = defineAgent(options)
const model = () => scriptedModel([toolCalls([{ name: 'look', arguments: {} }]), answer('Seen.'), answer('Gladly.'), answer('Bye.')])

const answered = async (agents: readonly Agent[] = [agent]) => {
  const world = openWorld({ agents, models: { scripted: model() } })
  const run = await world.refold.start('helper', { runId: 'one', message: 'Look' })
  await settle(world, run)
  return { world, run }
}

const thumbs = { name: 'thumbs', value: 1, by: 'ann' } as const
const scoresIn = async (world: World, runId = 'one') => (await eventsOf(world, runId)).filter(({ type }) => type === 'RunScored')

const viewsOf = async (world: World) => {
  const views = memoryViewStore()
  await createProjector({ log: world.log, views }).catchUp()
  const sql = 'select run_id, name, by, value, passed, note, about from refold_scores order by run_id, name, about'
  return { rows: async () => (await views.sql({ sql, parameters: [], tenant: undefined, timeoutMs: 5_000, limit: 100 })).rows }
}

describe('a score', () => {
  test('is recorded beside what a run does, and shown with it', async () => {
    const { world, run } = await answered()
    await run.score({ ...thumbs, passed: true, note: 'quick', revision: 3 })
    expect((await run.state()).scores).toEqual([{ ...thumbs, passed: true, note: 'quick', revision: 3, at: world.clock.now() }])
    expect((await eventsOf(world, 'one')).at(-1)).toMatchObject({
      type: 'RunScored',
      data: { ...thumbs, passed: true, note: 'quick', revision: 3 },
      meta: { to: 'awaitingMessage', ignored: true, actor: 'ann' },
    })
    expect((await run.verify()).ok).toBe(true)
  })

  test('that is said again is the same one; another value is a newer one, and that of another author stands beside it', async () => {
    const { world, run } = await answered()
    await run.score(thumbs)
    await run.score(thumbs)
    expect(await scoresIn(world)).toHaveLength(1)
    await run.score({ ...thumbs, value: 0 })
    await run.score({ ...thumbs, by: 'bob' })
    expect((await run.state()).scores.map(({ by, value }) => [by, value])).toEqual([
      ['ann', 0],
      ['bob', 1],
    ])
    await run.score(thumbs)
    expect(await scoresIn(world)).toHaveLength(4)
  })

  test('of one answer leaves that of another as it is', async () => {
    const { world, run } = await answered()
    await run.score({ ...thumbs, value: 0, revision: 2 })
    await run.score({ ...thumbs, revision: 3 })
    await run.score({ ...thumbs, value: 0.5, revision: 3 })
    expect((await run.state()).scores.map(({ value, revision }) => [revision, value])).toEqual([
      [2, 0],
      [3, 0.5],
    ])
    expect((await (await viewsOf(world)).rows()).map((row) => [row[6], row[3]])).toEqual([
      [2, 0],
      [3, 0.5],
    ])
  })

  test.each(['complete', 'cancel'] as const)('may come once the run has ended by %s, which stays as it has ended', async (end) => {
    const { world, run } = await answered()
    await (end === 'complete' ? run.complete({ by: 'dana' }) : run.cancel({ by: 'dana', reason: 'enough' }))
    const { at: _, ...before } = await run.state()
    await run.score(thumbs)
    const { scores, revision, at: __, ...after } = await run.state()
    expect(scores).toHaveLength(1)
    expect({ ...after, scores: [], revision: revision - 1 }).toEqual(before)
    await expect(run.send({ message: 'Hello?' })).rejects.toMatchObject({ code: 'NotPossible' })
    await expect(run.send({ message: 'Hello?' })).rejects.toThrow(/dana/)
    expect((await run.verify()).ok).toBe(true)
    const seen: string[] = []
    for await (const { type } of run.events()) seen.push(type)
    expect(seen.at(-1)).toMatch(/RunCompleted|RunCancelled|RunScored/)
    expect(await scoresIn(world)).toHaveLength(1)
  })

  test.each([
    ['no number', { value: Number.NaN }],
    ['no finite number', { value: Infinity }],
    ['no name', { name: '' }],
    ['a name beyond bounds', { name: 'n'.repeat(101) }],
    ['a name with a NUL', { name: 'a\0b' }],
    ['a note beyond bounds', { note: 'n'.repeat(2_001) }],
    ['no author', { by: '' }],
    ['half a revision', { revision: 0.5 }],
  ])('with %s is refused', async (_, changes) => {
    const { world, run } = await answered()
    await expect(run.score({ ...thumbs, ...changes })).rejects.toMatchObject({ code: 'InvalidInput' })
    expect(await scoresIn(world)).toHaveLength(0)
  })

  test('of a revision that is none is refused, as is one beyond their number', async () => {
    const { run } = await answered()
    const { revision } = await run.state()
    await expect(run.score({ ...thumbs, revision: revision + 1 })).rejects.toMatchObject({ code: 'NotPossible' })
    for (let value = 0; value < MOST_SCORES; value++) await run.score({ ...thumbs, value })
    await expect(run.score(thumbs)).rejects.toThrow(`${MOST_SCORES} scores`)
    await run.score({ ...thumbs, value: MOST_SCORES - 1 })
  })

  test('under the id of a command that was granted is granted once', async () => {
    const { world, run } = await answered()
    await run.score({ ...thumbs, commandId: 'a' })
    await run.score({ ...thumbs, value: 0 })
    await run.score({ ...thumbs, commandId: 'a' })
    expect(await scoresIn(world)).toHaveLength(2)
    await expect(run.score({ ...thumbs, value: 5, commandId: 'a' })).rejects.toMatchObject({ code: 'IdempotencyKeyReused' })
  })

  test('changes nothing that a run goes on by: no prompt, no place, no owed work, no budget, no projection', async () => {
    const counted = defineProjection({ name: 'events', initial: () => 0, apply: (count: number) => count + 1 })
    const counting = defineAgent({ ...options, projections: [counted] })
    const run = async (isScored: boolean) => {
      const world = openWorld({ agents: [counting], models: { scripted: model() } })
      const one = await world.refold.start('helper', { runId: 'one', message: 'Look' })
      if (isScored) await one.score(thumbs)
      await settle(world, one)
      world.clock.advance(5_000)
      if (isScored) await one.score({ ...thumbs, value: 0 })
      await one.send({ message: 'Thanks' })
      await settle(world, one)
      if (isScored) await one.score(thumbs)
      expect((await one.verify()).ok).toBe(true)
      const { scores: _, revision: __, at: ___, transcript, ...state } = await one.state()
      const events = (await eventsOf(world, 'one')).filter(({ type }) => type !== 'RunScored')
      const prompts = events.flatMap(({ type, data }) => (type === 'ModelCallRequested' ? [data.promptHash] : []))
      return {
        state,
        said: transcript.map(({ role, parts }) => [role, parts.map(({ type }) => type)]),
        prompts,
        types: events.map(({ type, meta }) => [type, meta.to.split(';')[0]]),
      }
    }
    expect(await run(true)).toEqual(await run(false))
  })

  test('stands in the view of scores, of one name and author the newest of each event, also after a rebuild; a deleted run takes it along', async () => {
    const { world, run } = await answered()
    await run.score(thumbs)
    await run.score({ ...thumbs, value: 0.25, note: 'slow', passed: false })
    await run.score({ ...thumbs, name: 'tone' })
    const expected = [
      ['one', 'thumbs', 'ann', 0.25, 0, 'slow', -1],
      ['one', 'tone', 'ann', 1, null, null, -1],
    ]
    expect(await (await viewsOf(world)).rows()).toEqual(expected)
    await run.complete({ by: 'ann' })
    await world.refold.delete('one', { by: 'ann' })
    expect(await (await viewsOf(world)).rows()).toEqual([])
  })

  test('of the origin is none of its fork', async () => {
    const { world, run } = await answered()
    await run.score(thumbs)
    await run.send({ message: 'Thanks' })
    await settle(world, run)
    const { revision } = await run.state()
    const fork = await run.fork({ at: revision, by: 'ann', runId: 'two' })
    await settle(world, fork)
    expect((await fork.state()).scores).toEqual([])
    expect((await fork.verify()).ok).toBe(true)
    await fork.score(thumbs)
    expect((await fork.state()).scores).toHaveLength(1)
    expect((await (await viewsOf(world)).rows()).map(([runId]) => runId)).toEqual(['one', 'two'])
  })

  test('is there whichever append its process dies at, and the run comes to the same end', async () => {
    const { deaths } = await explore(() => ({
      agents: [agent],
      models: { scripted: model() },
      start: { message: 'Look' },
      people: (run, { waitsFor, scores, status }) => {
        const scored = (name: string): boolean => scores.some((score) => score.name === name)
        if (status !== 'active') return scored('late') ? undefined : run.score({ ...thumbs, name: 'late' })
        if (waitsFor !== 'message') return undefined
        return scored('thumbs') ? run.complete({ by: 'ann' }) : run.score(thumbs)
      },
    }))
    expect(deaths.flatMap(({ events, problems }) => (events.includes('RunScored') ? [problems] : []))).not.toEqual([])
    expect(deaths.flatMap(({ problems }) => problems)).toEqual([])
  })
})
