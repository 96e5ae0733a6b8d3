import { describe, expect, test } from 'vitest'
import { memoryEventLog } from '../../../src/eventlog/memory/memory-event-log.ts'
import { encodeMeta, decodeEvent, streamOf } from '../../../src/events/codec.ts'
import { commandMessage } from '../../../src/consumers/command-message.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer } from '../../../src/models/scripted/script.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { manualClock, openWorld, settle } from '../../support/world.ts'

const helper = defineAgent({ name: 'helper', version: '1', instructions: '', models: ['scripted/one'] })
const open = () => openWorld({ agents: [helper], models: { scripted: scriptedModel(() => answer('Hello.')) } })

const incomparable = ['\ud800', 'a\udc00', '\udfff\ud800', 'acme\0', '\0', 'x'.repeat(1_001)]

describe('what stores cannot tell apart', () => {
  test.each(incomparable)('is no tenant, no id of a command and nobody who asks for a start: %j', async (odd) => {
    const { refold } = open()
    for (const options of [{ tenant: odd }, { commandId: odd }, { actor: odd }])
      await expect(refold.start('helper', { message: 'Hi', ...options })).rejects.toMatchObject({ code: 'InvalidInput' })
  })

  test.each(incomparable)('is nobody who decides: %j', async (odd) => {
    const world = open()
    const run = await world.refold.start('helper', { message: 'Hi' })
    await settle(world, run)
    for (const command of [
      run.pause({ by: odd }),
      run.complete({ by: odd }),
      run.cancel({ by: odd, reason: 'x' }),
      run.answer({ by: odd, text: 'x' }),
    ])
      await expect(command).rejects.toMatchObject({ code: 'InvalidInput' })
    await expect(run.send({ message: 'Hi', commandId: odd })).rejects.toMatchObject({ code: 'InvalidInput' })
    await expect(run.send({ message: 'Hi', actor: odd })).rejects.toMatchObject({ code: 'InvalidInput' })
  })

  test.each(incomparable)('is in no command of the bus: %j', (odd) => {
    const start = { type: 'startRun', runId: 'one', commandId: 'c', agent: 'helper' }
    for (const part of [{ tenant: odd }, { by: odd }, { commandId: odd }, { agent: odd }])
      expect(commandMessage.safeParse({ ...start, ...part }).success).toBe(false)
    expect(commandMessage.safeParse({ ...start, tenant: 'Ärzte 😀', by: 'Zoë' }).success).toBe(true)
  })

  test('is nevertheless read where an older log holds it', async () => {
    const before = open()
    const { id } = await before.refold.start('helper', { tenant: 'acme', message: 'Hi' })
    await settle(before, before.refold.run(id))
    const clock = manualClock()
    const log = memoryEventLog({ clock })
    let hash = ''
    for await (const stored of before.log.readStream(streamOf(id))) {
      const { hash: _, ...meta } = decodeEvent(stored, new Map()).meta
      const data = stored.data.replace('"acme"', '"\\ud800"')
      const encoded = encodeMeta(hash, stored.type, data, meta)
      hash = encoded.hash
      await log.append(stored.stream, stored.revision === 0 ? 'no-stream' : stored.revision - 1, [
        { id: stored.id, type: stored.type, data, meta: encoded.meta },
      ])
    }
    const after = openWorld({ agents: [helper], models: { scripted: scriptedModel(() => answer('Hello.')) }, log, clock })
    const run = after.refold.run(id)
    expect((await run.state()).answer).toBe('Hello.')
    await run.complete({ by: 'ann' })
    expect((await run.verify()).ok).toBe(true)
    expect((await after.refold.delete(id, { by: 'ann' })).runs).toEqual([id])
  })
})

describe('a deletion', () => {
  test.each<[string, object]>([
    ['by a number', { by: 5 }],
    ['by an object', { by: {} }],
    ['by nobody', {}],
    ['by no name', { by: '' }],
    ['by half of a character', { by: '\ud800' }],
    ['by 100,000 characters', { by: 'x'.repeat(100_000) }],
    ['with a reason of 100,000 characters', { by: 'ann', reason: 'x'.repeat(100_000) }],
    ['with a reason that is a number', { by: 'ann', reason: 5 }],
    ['with an empty reason', { by: 'ann', reason: '' }],
    ['forced by a text', { by: 'ann', force: 'no' }],
    ['forced by a number', { by: 'ann', force: 1 }],
    ['that cancels by a text', { by: 'ann', cancel: 'false' }],
    ['that cancels by null', { by: 'ann', cancel: null }],
    ['with an option that it has not', { by: 'ann', forced: true }],
  ])('%s is refused before anything happens', async (_, options) => {
    const world = open()
    const run = await world.refold.start('helper', { message: 'Hi' })
    await settle(world, run)
    for (const cancel of [{}, { cancel: true, ...options }]) {
      const deletion = world.refold.delete(run.id, { ...options, ...cancel } as never)
      const error: unknown = await deletion.catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'InvalidInput' })
      expect((error as Error).message.length).toBeLessThan(2_000)
    }
    expect((await run.state()).status).toBe('active')
  })
})

describe('the result of a run', () => {
  test('that does not exist is not found', async () => {
    await expect(open().refold.run('nobody').result()).rejects.toMatchObject({ code: 'RunNotFound' })
  })

  test('that was deleted says so', async () => {
    const world = open()
    for (const end of ['complete', 'cancel'] as const) {
      const run = await world.refold.start('helper', { message: 'Hi' })
      await settle(world, run)
      await run[end]({ by: 'ann', reason: 'enough' } as never).catch(() => run.complete({ by: 'ann' }))
      await world.refold.delete(run.id, { by: 'ann' })
      await expect(run.result()).rejects.toMatchObject({ code: 'RunDeleted' })
    }
  })

  test('that is deleted while somebody waits says so', async () => {
    const world = open()
    const run = await world.refold.start('helper', { message: 'Hi' })
    await settle(world, run)
    const waiting = expect(run.result()).rejects.toMatchObject({ code: expect.stringMatching(/^(RunDeleted|NotPossible)$/) as string })
    await world.refold.delete(run.id, { by: 'ann', cancel: true })
    await waiting
  })
})
