import { describe, expect, test } from 'vitest'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer } from '../../../src/models/scripted/script.ts'
import type { Model } from '../../../src/models/model.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { eventsOf, openWorld, settle } from '../../support/world.ts'

const agent = defineAgent({ name: 'desk', version: '1', instructions: 'Help.', models: ['scripted/one'], limits: { tokens: null } })

/** A model that answers when it is told to. */
const slowModel = () => {
  const answers: (() => void)[] = []
  const inner = scriptedModel(() => answer('Read.'))
  const model: Model = {
    isFree: true,
    call: async (request, options) => {
      await new Promise<void>((resolve) => answers.push(resolve))
      return inner.call(request, options)
    },
  }
  return { model, next: () => answers.splice(0).forEach((resolve) => resolve()) }
}

const begin = async () => {
  const { model, next } = slowModel()
  const world = openWorld({ agents: [agent], models: { scripted: model } })
  const run = await world.refold.start('desk', { message: 'Hello' })
  return { world, run, next }
}

const refused = { code: 'NotPossible', retryable: true, message: expect.stringContaining('takes no further message until') as string }

describe('a run that reads nothing', () => {
  test('takes a thousand messages and no more, until they are read', { timeout: 60_000 }, async () => {
    const { world, run, next } = await begin()
    for (let sent = 0; sent < 1_000; sent++) await run.send({ message: `message ${sent}`, commandId: `c-${sent}` })
    const before = await eventsOf(world, run.id)
    await expect(run.send({ message: 'one more' })).rejects.toMatchObject({ ...refused, details: { unread: 1_000 } })
    // A repeated command was granted before.
    await run.send({ message: 'message 3', commandId: 'c-3' })
    expect(await eventsOf(world, run.id)).toEqual(before)
    next()
    while ((await run.state()).turn < 2) await new Promise(setImmediate)
    await run.send({ message: 'one more' })
    next()
    await new Promise(setImmediate)
    next()
    await settle(world, run)
  })

  test('takes some MiB of messages and no more', async () => {
    const { run } = await begin()
    const megabyte = 'x'.repeat(1024 * 1024)
    for (let sent = 0; sent < 4; sent++) await run.send({ message: megabyte })
    await expect(run.send({ message: 'x' })).rejects.toMatchObject(refused)
  })

  test('is cancelled, paused and decided as ever', async () => {
    const { run } = await begin()
    for (let sent = 0; sent < 4; sent++) await run.send({ message: 'x'.repeat(1024 * 1024) })
    await run.pause({ by: 'dana' })
    await run.cancel({ by: 'dana', reason: 'too much' })
    expect((await run.state()).status).toBe('cancelled')
  })
})
