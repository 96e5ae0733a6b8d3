import { expect, test } from 'vitest'
import { z } from 'zod'
import { memoryBlobStore } from '../../src/blobs/blob-store.memory.ts'
import { systemClock, systemIds } from '../../src/clock.ts'
import { createProjector } from '../../src/consumers/projector.ts'
import { newestRestore } from '../../src/consumers/restored-log.ts'
import type { EventLog } from '../../src/eventlog/event-log.ts'
import { noticingLog } from '../../src/eventlog/went-back.ts'
import { scriptedModel } from '../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls } from '../../src/models/scripted/script.ts'
import { agentRegistry } from '../../src/runtime/code/agents.ts'
import { defineAgent } from '../../src/runtime/agent.ts'
import { createRefold, type RefoldCore } from '../../src/runtime/refold.ts'
import type { RestoreMark } from '../../src/runtime/runtime-parts.ts'
import { memorySnapshotStore } from '../../src/snapshots/snapshot-store.memory.ts'
import { defineTool } from '../../src/tools/define-tool.ts'
import { memoryViewStore } from '../../src/views/memory/memory-view-store.ts'
import { copyLogFile, restoreLogFile } from '../support/copied-file.ts'
import { withDurableStandIn, withLog } from './with-stand-in.ts'

const RUNS = Array.from({ length: 8 }, (_, at) => `case-${at}`)
const CALLS_EACH = 4
const PATIENT = { appendTimeoutMs: 5_000, silenceMs: 5_000 }

const models = {
  scripted: scriptedModel(({ messages }) => {
    const paid = messages.filter(({ role }) => role === 'tool').length
    return paid < CALLS_EACH ? toolCalls([{ name: 'pay', arguments: { payment: paid } }]) : answer('All paid.')
  }),
}

/** What was paid, by key, whatever becomes of the log; `reached` after so many payments. */
const payments = () => {
  const paid: string[] = []
  let bell = Promise.withResolvers<undefined>()
  const pay = defineTool({
    name: 'pay',
    description: 'Pays',
    input: z.object({ payment: z.number() }),
    output: z.string(),
    effect: 'once',
    execute: async (_, { idempotencyKey }) => {
      paid.push(idempotencyKey)
      bell.resolve(undefined)
      bell = Promise.withResolvers()
      return 'paid'
    },
    lookup: async (key) => (paid.includes(key) ? { found: 'succeeded', output: 'paid before' } : { found: 'nothing' }),
  })
  const agent = defineAgent({ name: 'payer', version: '1', instructions: 'Pay.', models: ['scripted/one'], tools: [pay] })
  const reached = async (count: number): Promise<void> => {
    while (paid.length < count) await bell.promise
  }
  return { paid, agent, reached }
}

const open = (log: EventLog, { agent }: ReturnType<typeof payments>, owner: string, restore?: RestoreMark): RefoldCore =>
  createRefold({
    log,
    blobs: memoryBlobStore(),
    snapshots: memorySnapshotStore(),
    agents: agentRegistry([agent]),
    models,
    clock: systemClock,
    ids: systemIds,
    random: Math.random,
    owner,
    ownerIsGone: (other) => other !== owner,
    costOf: () => 0,
    modelConcurrency: RUNS.length,
    notify: () => undefined,
    ...(restore === undefined ? {} : { restore: () => Promise.resolve(restore) }),
  })

test('an older copy of what a server holds, restored under load, is noticed by a process that lives, and no `once` call is repeated', async () => {
  await withDurableStandIn(async ({ standIn, path }) => {
    const world = payments()
    const views = memoryViewStore()
    await withLog(
      standIn,
      async (bare) => {
        const { log, wentBack } = noticingLog(bare)
        const refold = open(log, world, 'here/1/first')
        const begun = RUNS.map((runId) => refold.start('payer', { message: 'Pay all of it.', runId }))
        await world.reached((RUNS.length * CALLS_EACH) / 2)
        await copyLogFile(path, `${path}-copy`)
        for (const run of await Promise.all(begun)) await run.untilSettled()
        await createProjector({ log, views }).catchUp()
        const following = refold.run('case-0').events({ from: 1_000 })[Symbol.asyncIterator]()
        await expect(following.next()).rejects.toMatchObject({ code: 'InvalidInput' })

        await standIn.terminate()
        restoreLogFile(`${path}-copy`, path)
        await standIn.restart()
        await expect(log.head()).rejects.toMatchObject({ code: 'LogRestored' })
        expect(wentBack.aborted).toBe(true)
        await expect(refold.run('case-0').send({ message: 'More' })).rejects.toMatchObject({ code: 'LogRestored' })
        await refold.close({ graceMs: 0 })
      },
      PATIENT,
    )
    expect(world.paid).toHaveLength(RUNS.length * CALLS_EACH)
    await withLog(
      standIn,
      async (log) => {
        const restore = await newestRestore({ log, views })
        expect(restore?.lostRuns.size).toBeGreaterThan(0)
        await createProjector({ log, views }).catchUp()
        const refold = open(log, world, 'here/2/second', restore)
        for (const runId of RUNS) await refold.start('payer', { message: 'Pay all of it.', runId })
        for (const runId of RUNS) await refold.runtime.wake(runId)
        for (const runId of RUNS) expect(await refold.run(runId).untilSettled()).toMatchObject({ waitsFor: 'message', answer: 'All paid.' })
        await refold.close({ graceMs: 0 })
      },
      PATIENT,
    )
    expect(world.paid).toHaveLength(RUNS.length * CALLS_EACH)
    expect(new Set(world.paid).size).toBe(world.paid.length)
  })
})
