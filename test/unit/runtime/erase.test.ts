import { setImmediate as nextTurn } from 'node:timers/promises'
import { beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createProjector } from '../../../src/consumers/projector.ts'
import { checkedRetention, createRetention, type Retention } from '../../../src/consumers/retention.ts'
import { createSweeper } from '../../../src/consumers/sweeper.ts'
import { isAppError } from '../../../src/errors.ts'
import type { StoredEvent } from '../../../src/eventlog/event-log.ts'
import { blobsIn, hashHolds, streamOf } from '../../../src/events/codec.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls } from '../../../src/models/scripted/script.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { createEraser, PAYLOAD_GRACE_MS } from '../../../src/runtime/erase.ts'
import { memorySnapshotStore } from '../../../src/snapshots/snapshot-store.memory.ts'
import { memoryViewStore } from '../../../src/views/memory/memory-view-store.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import type { Notice } from '../../../src/runtime/notices.ts'
import { openWorld, type World } from '../../support/world.ts'

const helper = defineAgent({ name: 'helper', version: '1', instructions: 'Help.', models: ['scripted/one'] })
const SECRET = 'my card is 4111 1111 1111 1111'
const LONG = `${SECRET} `.repeat(5_000)
const DAY_MS = 86_400_000

let world: World
beforeEach(() => {
  world = openWorld({ agents: [helper], models: { scripted: scriptedModel(({ messages }) => answer(`Heard ${messages.length}.`)) } })
})

const talk = async (runId: string, message = SECRET): Promise<void> => {
  const run = await world.refold.start('helper', { runId, message })
  await run.untilSettled()
  await run.complete({ by: 'ann' })
}
const stored = async (runId: string): Promise<StoredEvent[]> => {
  const events: StoredEvent[] = []
  for await (const event of world.log.readStream(streamOf(runId))) events.push(event)
  return events
}
const untilNewestIs = async (type: string): Promise<void> => {
  while ((await stored('one')).at(-1)?.type !== type) await nextTurn()
}
const wholeLog = async (): Promise<string> => {
  const texts: string[] = []
  for await (const { type, data, meta } of world.log.readAll()) texts.push(type, data, meta)
  return texts.join('\n')
}
const code = (thrown: unknown): unknown => (isAppError(thrown) ? thrown.code : thrown)
const by = { by: 'ann', reason: 'asked for' }

describe('a run that is deleted', () => {
  test('is gone from the log, but for who has deleted it, when and why', async () => {
    await talk('one')
    const before = await stored('one')
    const deletion = await world.refold.delete('one', by)
    expect(deletion).toMatchObject({ runs: ['one'], events: before.length, before: null, isDone: true })
    expect(await wholeLog()).not.toContain('4111')
    const after = await stored('one')
    expect(after.map(({ type, revision }) => [type, revision])).toEqual([
      ['DeletionRequested', before.length],
      ['RunDeleted', before.length + 1],
    ])
    const request = JSON.parse(after[0]!.data) as { headHash: string }
    expect(request).toMatchObject({ by: 'ann', reason: 'asked for', agent: 'helper', agentVersion: '1', status: 'completed' })
    expect(hashHolds(request.headHash, after[0]!, (JSON.parse(after[0]!.meta) as { hash: string }).hash)).toBe(true)
  })

  test('is told so to whoever asks for it, and its id is not used again', async () => {
    await talk('one')
    const run = world.refold.run('one')
    await run.state()
    await world.refold.delete('one', by)
    for (const asked of [() => run.state(), () => run.at(0), () => run.verify(), () => run.send({ message: 'Hi' })])
      await expect(asked()).rejects.toMatchObject({
        code: 'RunDeleted',
        message: expect.stringMatching(/^one was deleted by ann at \d{4}-.*Z: asked for$/) as string,
        details: { by: 'ann', reason: 'asked for' },
      })
    expect(await world.refold.delete('one', { by: 'bob' })).toMatchObject({ before: { by: 'ann', reason: 'asked for' }, isDone: true })
    expect(code(await world.refold.start('helper', { runId: 'one', message: 'Hi' }).catch((error: unknown) => error))).toBe('RunDeleted')
    expect(await world.refold.delete('one', by)).toMatchObject({ events: 0, isDone: true })
    expect(code(await world.refold.delete('never', by).catch((error: unknown) => error))).toBe('RunNotFound')
  })

  test('has ended before, by a cancellation if that is asked for', async () => {
    await world.refold.start('helper', { runId: 'open', message: SECRET })
    expect(code(await world.refold.delete('open', by).catch((error: unknown) => error))).toBe('NotPossible')
    expect(await wholeLog()).not.toContain('DeletionRequested')
    expect(await world.refold.delete('open', { ...by, cancel: true })).toMatchObject({ isDone: true })
    expect(await wholeLog()).not.toContain('4111')
  })

  test('may have been told after its end what became of a call', async () => {
    let pay = (_: string): void => undefined
    const payment = defineTool({
      name: 'pay',
      description: 'Moves money',
      input: z.object({}),
      output: z.string(),
      effect: 'once',
      execute: () => new Promise<string>((resolve) => (pay = resolve)),
    })
    const teller = defineAgent({ name: 'teller', version: '1', instructions: 'Pay.', models: ['scripted/one'], tools: [payment] })
    world = openWorld({ agents: [teller], models: { scripted: scriptedModel([toolCalls([{ name: 'pay', arguments: {} }])]) } })
    const run = await world.refold.start('teller', { runId: 'one', message: SECRET })
    await untilNewestIs('ToolCallRequested')
    await run.cancel({ by: 'ann', reason: 'no longer wanted' })
    pay('paid')
    await untilNewestIs('ToolCallCorrected')
    expect(await world.refold.delete('one', by)).toMatchObject({ runs: ['one'], isDone: true })
    const [request] = await stored('one')
    expect(JSON.parse(request!.data)).toMatchObject({ status: 'cancelled' })
  })

  test('takes its payloads with it, but those that another run names too, and those that were put lately', async () => {
    await talk('one', LONG)
    await talk('two', LONG)
    const [hash = ''] = (await stored('one')).flatMap(blobsIn)
    world.clock.advance(PAYLOAD_GRACE_MS + DAY_MS)
    const blobsLater = { ...world, blobs: { ...world.blobs, remove: (name: string) => world.blobs.remove(name, Number.MAX_SAFE_INTEGER) } }
    const ids = { uuid: () => crypto.randomUUID() }
    const eraser = createEraser({ ...blobsLater, ids, snapshots: memorySnapshotStore() })
    await eraser.erase('one', by)
    expect(await world.blobs.get(hash)).toContain('4111')
    const late = createEraser({ ...world, blobs: { ...world.blobs, remove: async () => false }, ids, snapshots: memorySnapshotStore() })
    expect(await late.erase('two', by)).toMatchObject({ isDone: false })
    expect(await late.finish('two')).toBe(false)
    expect(await eraser.finish('two')).toBe(true)
    expect(code(await world.blobs.get(hash).catch((error: unknown) => error))).toBe('EventLogCorrupt')
    expect((await stored('two')).map(({ type }) => type)).toEqual(['DeletionRequested', 'RunDeleted'])
  })

  test('does not take the fixed part of a prompt with it, where somebody has sent the very same as a file', async () => {
    await talk('one')
    const { promptHash } = JSON.parse((await stored('one')).find(({ type }) => type === 'ModelCallRequested')!.data) as {
      promptHash: string
    }
    const data = await world.blobs.getBytes(promptHash)
    const run = await world.refold.start('helper', {
      runId: 'two',
      message: [{ type: 'file', source: { type: 'bytes', data, mediaType: 'application/json' } }],
    })
    await run.untilSettled()
    await run.complete({ by: 'ann' })
    expect((await stored('two')).flatMap(blobsIn)).toContain(promptHash)
    world.clock.advance(PAYLOAD_GRACE_MS + DAY_MS)
    expect(await world.refold.delete('two', by)).toMatchObject({ isDone: true })
    expect(await world.blobs.getBytes(promptHash)).toEqual(data)
  })

  test.each(['before anything', 'after the request', 'after the payloads', 'before the last word'])(
    'is finished by a sweep where its deletion was cut off %s',
    async (when) => {
      await talk('one', LONG)
      const fail = (): Promise<never> => Promise.reject(new Error('killed'))
      const broken = {
        ...world,
        ids: { uuid: () => crypto.randomUUID() },
        snapshots: { ...memorySnapshotStore(), ...(when === 'after the payloads' ? { drop: fail } : {}) },
        blobs: { ...world.blobs, remove: when === 'after the request' ? fail : () => Promise.resolve(true) },
        log: {
          ...world.log,
          append: (...[stream, expected, events]: Parameters<typeof world.log.append>) =>
            when === 'before anything' || (when === 'before the last word' && events[0]?.type === 'RunDeleted')
              ? fail()
              : world.log.append(stream, expected, events),
        },
      }
      await expect(createEraser(broken).erase('one', by)).rejects.toThrow('killed')
      const views = memoryViewStore()
      const sweeper = createSweeper({
        projector: createProjector({ log: world.log, views }),
        views,
        runtime: world.refold.runtime,
        eraser: createEraser({
          ...broken,
          log: world.log,
          snapshots: memorySnapshotStore(),
          blobs: { ...world.blobs, remove: () => Promise.resolve(true) },
        }),
        clock: world.clock,
        intervalMs: 1_000,
        notify: () => undefined,
      })
      await sweeper.recover()
      await sweeper.recover()
      const types = (await stored('one')).map(({ type }) => type)
      if (when === 'before anything') expect(types[0]).toBe('RunStarted')
      else expect(types).toEqual(['DeletionRequested', 'RunDeleted'])
      expect((await views.get('one'))?.attentionAt ?? null).toBeNull()
    },
  )
})

describe('the views', () => {
  test('keep a line of a deleted run and nothing of what was said, also where an older batch comes late', async () => {
    await talk('one')
    const views = memoryViewStore()
    const projector = createProjector({ log: world.log, views })
    await projector.catchUp()
    const [old] = await views.getMany(['one'])
    await world.refold.delete('one', by)
    await projector.catchUp()
    expect(await views.get('one')).toMatchObject({
      status: 'deleted',
      state: 'deleted',
      agent: 'helper',
      lastText: null,
      reason: 'by ann: asked for',
      attentionAt: null,
    })
    for (const view of ['timeline', 'transcript', 'model-calls', 'tool-calls', 'approvals'] as const) {
      const { rows } = await views.query(view, { limit: 100, run: 'one' }, world.clock.now())
      expect(JSON.stringify(rows)).not.toContain('4111')
      expect(rows.length).toBeLessThanOrEqual(view === 'timeline' ? 1 : 0)
    }
    expect(old?.lastText).toContain('4111')
    const rebuilt = memoryViewStore()
    await createProjector({ log: world.log, views: rebuilt }).catchUp()
    expect(await rebuilt.get('one')).toEqual(await views.get('one'))
  })
})

const retention = async (of: Retention): Promise<number> => {
  const views = memoryViewStore()
  await createProjector({ log: world.log, views }).catchUp()
  const notify = (notice: Notice): void => void kept.push(notice)
  return createRetention({ views, eraser: world.refold.eraser, clock: world.clock, notify }, of)()
}
let kept: Notice[] = []
beforeEach(() => {
  kept = []
})

describe('retention', () => {
  test('deletes what has ended for longer than it is kept, and nothing else', async () => {
    await talk('old')
    world.clock.advance(10 * DAY_MS)
    await talk('young')
    await world.refold.start('helper', { runId: 'open', message: 'Hi' })
    expect(await retention({ failed: '1d', completed: '11d' })).toBe(0)
    expect(await retention({ completed: '9d' })).toBe(1)
    expect((await stored('old'))[0]?.type).toBe('DeletionRequested')
    expect((await stored('young'))[0]?.type).toBe('RunStarted')
    expect(kept).toEqual([])
  })

  test('is refused where it names no time, of whichever agent', () => {
    for (const of of [{ completed: 'soon' }, { agents: { helper: { failed: '3w' } } }])
      expect(() => checkedRetention(of)).toThrow(expect.objectContaining({ code: 'InvalidConfiguration' }))
  })

  test.each<[string, Retention, number]>([
    ['longer than the others', { completed: '1d', agents: { helper: { completed: '11d' } } }, 0],
    ['shorter than the others', { completed: '11d', agents: { helper: { completed: '1d' } } }, 1],
    ['always', { completed: '1d', agents: { helper: { completed: 'always' } } }, 0],
    ['as all others, where nothing else is said of how they ended', { completed: '1d', agents: { helper: { failed: '11d' } } }, 1],
    ['as all others, where only another agent is named', { completed: '1d', agents: { other: { completed: 'always' } } }, 1],
  ])('keeps the runs of an agent %s', async (_, of, deleted) => {
    await talk('old')
    world.clock.advance(10 * DAY_MS)
    expect(await retention(of)).toBe(deleted)
  })
})

describe('a run of which nobody knows what became of a call', () => {
  /** One payment, that is under way until the test ends. */
  const paying = async ({ effect = 'once', timeoutMs = 1_000 }: { effect?: 'once' | 'idempotent'; timeoutMs?: number } = {}) => {
    const pay = defineTool({
      name: 'pay',
      description: 'Pays',
      input: z.object({}),
      output: z.string(),
      effect,
      timeoutMs,
      execute: () => new Promise<string>(() => undefined),
    })
    const payer = defineAgent({ name: 'payer', version: '1', instructions: '', models: ['scripted/one'], tools: [pay] })
    const model = scriptedModel(() => toolCalls([{ name: 'pay', arguments: {} }]))
    world = openWorld({ agents: [payer], models: { scripted: model } })
    const run = await world.refold.start('payer', { runId: 'one', message: 'Pay.' })
    for (let turn = 0; turn < 30; turn++) await nextTurn()
    return run
  }
  const refused = { code: 'NotPossible', message: expect.stringContaining('one 3.0') as string }

  test('is not deleted, nor cancelled for that, until it is settled', async () => {
    const run = await paying()
    await expect(world.refold.delete('one', { ...by, cancel: true })).rejects.toMatchObject(refused)
    expect(await run.state()).toMatchObject({ status: 'active' })
    await run.cancel({ by: 'ann', reason: 'enough' })
    expect(await world.refold.eraser.preview('one')).toMatchObject({ unsettled: [{ runId: 'one', callId: '3.0' }] })
    await expect(world.refold.delete('one', by)).rejects.toMatchObject(refused)
    await run.settleToolCall('3.0', { by: 'ann', outcome: { succeeded: false, message: 'it is not in the books' } })
    expect(await world.refold.delete('one', by)).toMatchObject({ runs: ['one'], unsettled: [] })
  })

  test('is deleted where that is forced, and says what was not settled', async () => {
    await paying()
    expect(await world.refold.delete('one', { ...by, cancel: true, force: true })).toMatchObject({
      unsettled: [{ runId: 'one', callId: '3.0' }],
    })
    expect((await stored('one')).map(({ type }) => type)).toEqual(['DeletionRequested', 'RunDeleted'])
  })

  test('is left alone by retention, which says so', async () => {
    const run = await paying()
    await run.cancel({ by: 'ann', reason: 'enough' })
    world.clock.advance(10 * DAY_MS)
    expect(await retention({ cancelled: '1d' })).toBe(0)
    expect(kept).toEqual([{ type: 'runKept', runId: 'one', message: expect.stringContaining('one 3.0') as string }])
  })

  test('that may be repeated is deleted when the time of the call is over', async () => {
    const run = await paying({ effect: 'idempotent', timeoutMs: 60_000 })
    await run.cancel({ by: 'ann', reason: 'enough' })
    await expect(world.refold.delete('one', by)).rejects.toMatchObject(refused)
    world.clock.advance(66_000)
    expect(await world.refold.delete('one', by)).toMatchObject({ runs: ['one'] })
  })
})
