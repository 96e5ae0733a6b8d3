import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { defineAgent, defineTool } from 'refold'
import { answer, openTestRefold, replay, scriptedModel, toolCalls, type TestRefold } from 'refold/testing'
import { exportedEvent } from '../../../src/cli/stored-events.ts'
import { decodeEvent, streamOf, type StoredTexts } from '../../../src/events/codec.ts'
import { visibleJson } from '../../../src/text.ts'

const folder = mkdtempSync(join(tmpdir(), 'replay-'))
let files = 0
const fileOf = (text: string): string => {
  const path = join(folder, `${++files}.ndjson`)
  writeFileSync(path, text)
  return path
}

const desk = (paid: string[], instructions = 'Help.') =>
  defineAgent({
    name: 'desk',
    version: '1',
    instructions,
    models: ['shop/one'],
    tools: [
      defineTool({
        name: 'refund',
        description: 'Pays money back',
        input: z.object({ order: z.string() }),
        output: z.object({ usd: z.number(), note: z.string() }),
        effect: 'once',
        approval: true,
        execute: ({ order }) => {
          paid.push(order)
          return Promise.resolve({ usd: 20, note: 'x'.repeat(70_000) })
        },
      }),
    ],
  })

const shop = () => scriptedModel([toolCalls([{ name: 'refund', arguments: { order: '17' } }]), answer('Paid.')])

/** As `refold export` writes it. */
const exported = async (refold: TestRefold, runId: string): Promise<Record<string, unknown>[]> => {
  const stored = await Array.fromAsync(refold.stores.log.readStream(streamOf(runId)))
  const events = await refold.events(runId)
  return stored.map((texts, index) => ({ ...exportedEvent({ ok: true, event: events[index]!, stored: texts }) }))
}

const ndjson = (events: readonly object[]): string => events.map((event) => `${visibleJson(JSON.stringify(event))}\n`).join('')

const record = async (grants: boolean): Promise<Record<string, unknown>[]> => {
  const refold = await openTestRefold({ agents: [desk([])], models: { shop: shop() } })
  const run = await refold.start('desk', { runId: 'one', message: 'My kettle is broken.' })
  const { approvals } = await refold.settle(run)
  if (grants) await run.approve(approvals[0]!.callId, { by: 'dana' })
  await refold.settle(run)
  return exported(refold, 'one')
}

const granted = await record(true)
const asked = await record(false)

describe('a recorded run', () => {
  test('is a test: folded by the code of today, looked at anywhere, and forked', async () => {
    const paid: string[] = []
    const file = fileOf(ndjson(granted))
    const { run, view, refold } = await replay(file, { agents: [desk(paid)], models: { shop: shop() } })
    expect(view).toMatchObject({ status: 'active', waitsFor: 'message', answer: 'Paid.' })
    expect((await run.at(4)).waitsFor).toBe('approval')

    const fork = await run.fork({ at: 1, by: 'ann', modelCalls: 0 })
    const same = await refold.settle(fork)
    expect([same.answer, same.fork?.counts.recorded, paid]).toEqual(['Paid.', 4, []])
  })

  test('may have other instructions by now, and answers otherwise from there on', async () => {
    const file = fileOf(ndjson(granted))
    const { run, refold } = await replay(file, { agents: [desk([], 'Never refund.')], models: { shop: scriptedModel([answer('No.')]) } })
    const fork = await run.fork({ at: 1, by: 'ann', instructions: 'Never refund.' })
    expect((await refold.settle(fork)).answer).toBe('No.')
  })

  test('stays as it is, where it was open', async () => {
    const events = asked
    for (let length = 1; length <= events.length; length++) {
      const { refold, view } = await replay(fileOf(ndjson(events.slice(0, length))), { agents: [desk([])], models: { shop: shop() } })
      await refold.idle()
      expect([view.revision, (await refold.events('one')).length]).toEqual([length - 1, length])
    }
  })

  test('may be of an older version of its events', async () => {
    const histories = join(import.meta.dirname, '../../replay/histories/0.1.0')
    for (const name of readdirSync(histories).filter((path) => path.endsWith('.ndjson'))) {
      const stored = readFileSync(join(histories, name), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as StoredTexts & { position: number; storedAt: number })
      const lines = stored.map((texts) =>
        exportedEvent({ ok: true, event: { ...decodeEvent(texts, new Map()), position: 0 }, stored: texts }),
      )
      const first = lines[0] as { data: { agent: string; agentVersion: string } }
      const agent = {
        ...desk([]),
        name: first.data.agent,
        version: first.data.agentVersion,
        id: `${first.data.agent}@${first.data.agentVersion}`,
      }
      await expect(replay(fileOf(ndjson(lines)), { agents: [agent], models: { shop: shop() } }), name).resolves.toBeDefined()
    }
  })

  test('that goes elsewhere by now is told from the first revision on where it does', async () => {
    const events = granted
    const at = events.findIndex(({ type }) => type === 'ToolCallSucceeded')
    const wrong = events.map((event, index) =>
      index === at ? { ...event, meta: { ...(event['meta'] as object), to: 'elsewhere' } } : event,
    )
    await expect(replay(fileOf(ndjson(wrong)), { agents: [desk([])], models: { shop: shop() } })).rejects.toMatchObject({
      code: 'ERR_ASSERTION',
      expected: 'elsewhere',
      message: expect.stringContaining(`differs at revision ${at}`) as unknown,
    })
  })
})

describe('a file that holds anything else', () => {
  const refused = (path: string): Promise<unknown> => replay(path, { agents: [desk([])], models: { shop: shop() } })
  const one = (change: (event: Record<string, unknown>) => unknown, at = 1): string =>
    fileOf(ndjson(granted.map((event, index) => (index === at ? change(event) : event) as object)))

  test.each<readonly [string, () => string, string]>([
    ['is not there', () => join(folder, 'no-such'), 'Expected a file of exported events at '],
    ['is a folder', () => folder, 'Expected a file of exported events at '],
    ['is empty', () => fileOf('\n\n'), 'Expected exported events, found none'],
    ['is no JSON', () => fileOf('RunStarted\n'), 'Expected JSON, found "RunStarted" in line 1 of '],
    ['holds other JSON', () => fileOf('[]\n'), 'Expected an event as `refold export` writes one a line'],
    ['is deep', () => fileOf(`${'['.repeat(400)}${']'.repeat(400)}\n`), 'levels of JSON at most, found more in line 1'],
    ['has a member that is none', () => fileOf('{"__proto__":{"runId":"one"}}\n'), 'a member called __proto__ at $.__proto__ in line 1'],
    ['lacks an event', () => fileOf(ndjson(granted.toSpliced(2, 1))), 'Expected revision 2 of one, found revision 3 in line 3'],
    ['is of a newer Refold', () => one((event) => ({ ...event, type: 'RunDreamt' })), 'A newer Refold wrote it'],
    ['has events of another shape', () => one((event) => ({ ...event, data: { parts: 'hello' } })), 'as it is published, found '],
  ])('%s', async (_, file, message) => {
    await expect(refused(file())).rejects.toThrow(message)
  })
})
