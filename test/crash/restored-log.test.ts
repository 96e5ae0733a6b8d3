import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Writable } from 'node:stream'
import { pino } from 'pino'
import { describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { placeOfViews, recordRestore } from '../../src/consumers/restored-log.ts'
import { scriptedModel } from '../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls } from '../../src/models/scripted/script.ts'
import { openRefold, type OpenRefold } from '../../src/open-refold.ts'
import { defineAgent } from '../../src/runtime/agent.ts'
import { defineTool } from '../../src/tools/define-tool.ts'
import { copyLogFile, restoreLogFile } from '../support/copied-file.ts'

const RUNS = Array.from({ length: 40 }, (_, at) => `order-${at}`)

/** The world outside: what was done under which key, whatever becomes of the log. */
const outside = () => {
  const done: string[] = []
  let each = (): void => undefined
  const had = async (idempotencyKey: string): Promise<{ readonly receipt: string }> => {
    for (let turn = 0; turn < 5; turn++) await nextTurn()
    done.push(idempotencyKey)
    each()
    return { receipt: idempotencyKey }
  }
  const pay = defineTool({
    name: 'pay',
    description: 'Pays',
    input: z.object({ n: z.number() }),
    output: z.unknown(),
    effect: 'once',
    execute: (_, { idempotencyKey }) => had(idempotencyKey),
    lookup: async (key) => (done.includes(key) ? { found: 'succeeded', output: { receipt: key } } : { found: 'nothing' }),
  })
  const post = defineTool({
    name: 'post',
    description: 'Posts a letter, of which nobody can tell later',
    input: z.object({ n: z.number() }),
    output: z.unknown(),
    effect: 'once',
    execute: (_, { idempotencyKey }) => had(idempotencyKey),
  })
  const agent = defineAgent({
    name: 'desk',
    version: '1',
    instructions: '',
    models: ['scripted/one'],
    tools: [pay, post],
    toolCalls: 'parallel',
  })
  return {
    done,
    agent,
    at: (count: number, then: () => void) => {
      each = () => done.length === count && then()
    },
  }
}

const calls = [
  toolCalls([
    { name: 'pay', arguments: { n: 1 } },
    { name: 'pay', arguments: { n: 2 } },
  ]),
  toolCalls([{ name: 'post', arguments: { n: 3 } }]),
  toolCalls([{ name: 'pay', arguments: { n: 4 } }]),
  answer('Done.'),
]

const models = {
  scripted: scriptedModel(({ messages }) => calls[messages.filter(({ role }) => role === 'assistant').length] ?? answer('Gladly.')),
}

const linesOf = () => {
  const lines: Record<string, unknown>[] = []
  const into = new Writable({
    write(chunk: Buffer, _, done) {
      lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>)
      done()
    },
  })
  return { lines, logger: pino({ level: 'error' }, into) }
}

const twice = (done: readonly string[]): string[] => done.filter((key, at) => done.indexOf(key) !== at)

/** Half of all is done when the copy is taken, and the rest beyond it. */
const restoredUnderLoad = async () => {
  const dir = mkdtempSync(join(tmpdir(), 'refold-restored-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const world = outside()
  const first = await openRefold({ dir, agents: [world.agent], models, logger: pino({ level: 'silent' }) })
  const copied = new Promise<void>((resolve, reject) => {
    world.at(70, () => void copyLogFile(join(dir, 'log.db'), join(dir, 'copy.db')).then(resolve, reject))
  })
  const begun = await Promise.all(RUNS.map((runId) => first.start('desk', { runId, message: 'All of it' })))
  await Promise.all(begun.map((run) => run.untilSettled()))
  await copied
  for (const run of begun.slice(0, 5)) await run.send({ message: 'Thank you' })
  await Promise.all(begun.map((run) => run.untilSettled()))
  await first.start('desk', { runId: 'late', message: 'All of it' }).then((run) => run.untilSettled())
  expect(world.done).toHaveLength(RUNS.length * 4 + 4)
  expect(twice(world.done)).toEqual([])
  await first.projector.catchUp()
  await first.close()
  restoreLogFile(join(dir, 'copy.db'), join(dir, 'log.db'))
  return { dir, ...world }
}

/** A person says of each call that waits what the world outside says. */
const settleAll = async (refold: OpenRefold): Promise<number> => {
  let settled = 0
  for (const runId of RUNS) {
    const run = refold.run(runId)
    const { waitsFor, unresolved } = await run.untilSettled()
    if (waitsFor !== 'human') continue
    for (const { callId } of unresolved) {
      await run.settleToolCall(callId, { by: 'ann', outcome: { succeeded: true, output: 'it lies in the outbox' } })
      settled += 1
    }
    await run.untilSettled()
  }
  return settled
}

describe('an embedded log of which an older copy is restored under load', () => {
  test('repeats no `once` call: each is looked up, or waits for a person, and everybody is told', async () => {
    const { dir, agent, done } = await restoredUnderLoad()
    const before = done.length
    const { lines, logger } = linesOf()
    const refold = await openRefold({ dir, agents: [agent], models, logger, sweepIntervalMs: 50 })
    onTestFinished(() => refold.close({ graceMs: 0 }))
    expect(lines).toMatchObject([{ level: 50, lostRuns: expect.any(Number) as number, msg: expect.stringMatching(/older copy/) as string }])
    expect(lines[0]?.lostRuns).toBeGreaterThan(20)
    // As callers do who have heard nothing.
    for (const runId of RUNS) await refold.start('desk', { runId, message: 'All of it' })
    const held = await settleAll(refold)
    expect(held).toBeGreaterThan(0)
    expect(twice(done)).toEqual([])
    expect(done).toHaveLength(before)
    for (const runId of RUNS) {
      const run = refold.run(runId)
      expect(await run.untilSettled()).toMatchObject({ waitsFor: 'message', answer: 'Done.' })
      expect((await run.verify()).ok).toBe(true)
    }
  })

  test('knows it by the word of a person, where the views were taken back too', async () => {
    const { dir, agent, done } = await restoredUnderLoad()
    const before = done.length
    for (const file of ['views.db', 'views.db-wal', 'views.db-shm']) rmSync(join(dir, file), { force: true })
    const told = await openRefold({ dir, agents: [agent], models, logger: pino({ level: 'silent' }), recover: false })
    const { identity, head } = await placeOfViews(told)
    await recordRestore(told, { identity, head, known: undefined, by: 'ann' })
    await told.close()
    const { lines, logger } = linesOf()
    const refold = await openRefold({ dir, agents: [agent], models, logger, sweepIntervalMs: 50 })
    onTestFinished(() => refold.close({ graceMs: 0 }))
    expect(lines).toMatchObject([{ by: 'ann', lostRuns: 0 }])
    await settleAll(refold)
    expect(twice(done)).toEqual([])
    expect(done).toHaveLength(before)
  })
})
