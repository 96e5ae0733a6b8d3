import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import { z } from 'zod'
import { memoryBlobStore } from '../../src/blobs/blob-store.memory.ts'
import { systemClock, systemIds } from '../../src/clock.ts'
import type { EventLog } from '../../src/eventlog/event-log.ts'
import { scriptedModel } from '../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls } from '../../src/models/scripted/script.ts'
import { agentRegistry } from '../../src/runtime/code/agents.ts'
import { defineAgent, type Agent } from '../../src/runtime/agent.ts'
import { createRefold } from '../../src/runtime/refold.ts'
import type { Notice } from '../../src/runtime/notices.ts'
import { memorySnapshotStore } from '../../src/snapshots/snapshot-store.memory.ts'
import { defineTool } from '../../src/tools/define-tool.ts'

const RUNS = 12
const CALLS_EACH = 6

interface Calls {
  /** How often each call was made. */
  readonly made: ReadonlyMap<string, number>
  count(call: string): void
  /** Resolves once so many calls have been made. */
  reached(calls: number): Promise<void>
}

const countedCalls = (): Calls => {
  const made = new Map<string, number>()
  let bell = Promise.withResolvers<undefined>()
  return {
    made,
    count(call) {
      made.set(call, (made.get(call) ?? 0) + 1)
      bell.resolve(undefined)
      bell = Promise.withResolvers()
    },
    async reached(calls) {
      while (made.size < calls) await bell.promise
    },
  }
}

/** Pays six times, one payment after the other, by a tool that must not be called twice. */
const payer = (calls: Calls): Agent =>
  defineAgent({
    name: 'payer',
    version: '1',
    instructions: 'Pay.',
    models: ['scripted/one'],
    tools: [
      defineTool({
        name: 'pay',
        description: 'Pays',
        input: z.object({ payment: z.number() }),
        output: z.string(),
        effect: 'once',
        execute: ({ payment }, { runId, callId }) => {
          calls.count(`${runId} ${callId}`)
          return Promise.resolve(`paid ${payment}`)
        },
      }),
    ],
  })

const models = {
  scripted: scriptedModel(({ messages }) => {
    const paid = messages.filter(({ role }) => role === 'tool').length
    return paid < CALLS_EACH ? toolCalls([{ name: 'pay', arguments: { payment: paid } }]) : answer('All paid.')
  }),
}

/** Runs of the whole runtime on a log, to their ends, through all that happens to the log meanwhile: each run is complete and nothing was done twice. */
export const runsGoOn = async (log: EventLog, troubles: readonly (() => unknown)[]): Promise<void> => {
  const calls = countedCalls()
  const notices: Notice[] = []
  const refold = createRefold({
    log,
    blobs: memoryBlobStore(),
    snapshots: memorySnapshotStore(),
    agents: agentRegistry([payer(calls)]),
    models,
    clock: systemClock,
    ids: systemIds,
    random: Math.random,
    owner: `here/1/${randomUUID()}`,
    ownerIsGone: () => false,
    costOf: () => 0,
    modelConcurrency: RUNS,
    notify: (notice) => notices.push(notice),
  })
  const settled = Array.from({ length: RUNS }, async () => {
    const run = await refold.start('payer', { message: 'Pay all of it.', runId: `case-${randomUUID()}` })
    return { run, view: await run.untilSettled() }
  })
  const all = Promise.all(settled)
  for (const [at, trouble] of troubles.entries()) {
    await Promise.race([calls.reached(((at + 1) * RUNS * CALLS_EACH) / (troubles.length + 1)), all])
    await trouble()
  }
  for (const { run, view } of await all) {
    expect(view).toMatchObject({ waitsFor: 'message', answer: 'All paid.' })
    expect(await run.verify()).toMatchObject({ ok: true })
  }
  expect([...calls.made.values()]).toEqual(Array(RUNS * CALLS_EACH).fill(1))
  expect(notices.filter(({ type }) => type !== 'appendRetried')).toEqual([])
  await refold.close()
}
