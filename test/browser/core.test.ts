import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { runInContext, type Context } from 'node:vm'
import { beforeAll, describe, expect, test } from 'vitest'
import { decodeEvent, streamOf, type StoredTexts } from '../../src/events/codec.ts'
import { step } from '../../src/fold/fold.ts'
import type { RunState } from '../../src/fold/run-state.ts'
import { viewOf } from '../../src/fold/run-view.ts'
import { standardProgram } from '../../src/fold/program.ts'
import { defineAgent } from '../../src/runtime/agent.ts'
import { defineTool } from '../../src/tools/define-tool.ts'
import { openWorld, settle } from '../support/world.ts'
import { browserBundle, openPage, type BrowserBundle } from '../support/browser-bundle.ts'
import { pay, refund } from './refund-spec.ts'

const root = resolve(import.meta.dirname, '../..')
const histories = join(root, 'test/replay/histories')
const files = readdirSync(histories, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ndjson'))
const textsIn = (file: string): readonly StoredTexts[] =>
  readFileSync(join(histories, file), 'utf8')
    .split('\n')
    .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as StoredTexts]))

/** What a page and a server say of each revision. */
interface Told {
  readonly to: string
  readonly intents: readonly string[]
  readonly view: unknown
  readonly differs: boolean
}

const toldByServer = (texts: readonly StoredTexts[], program = standardProgram()): unknown => {
  let state: RunState | undefined
  const told = texts.map((stored): Told => {
    const event = decodeEvent(stored, new Map())
    const led = step(program, state, event)
    state = led.state
    const { to, intents } = led
    expect([event.meta.to, event.meta.intents ?? []]).toEqual([to, intents])
    return { to, intents, view: viewOf(program, state), differs: false }
  })
  return JSON.parse(JSON.stringify(told))
}

/** Run in the page: nothing of this file is seen there. */
const inPage = (specs: string): string => `(text) => {
  const events = JSON.parse(text).map((stored) => core.decodeEvent(stored, new Map()))
  const told = []
  let run
  for (const event of events) {
    run = run === undefined ? core.foldRun([event], ${specs}) : run.next(event)
    told.push({ to: run.to, intents: run.intents, view: run.view(), differs: run.difference !== undefined })
  }
  return JSON.stringify(told)
}`

const toldByPage = (page: Context, texts: readonly StoredTexts[], specs = '[]'): readonly Told[] => {
  const tell = runInContext(inPage(specs), page) as (text: string) => string
  return JSON.parse(tell(JSON.stringify(texts))) as readonly Told[]
}

describe('refold/core in a browser', { timeout: 60_000 }, () => {
  let bundle: BrowserBundle
  let page: Context
  beforeAll(async () => {
    bundle = await browserBundle(join(root, 'src/core.ts'), 'core')
    page = openPage(bundle)
  }, 60_000)

  test('holds no Node module, and of packages only those that fold', () => {
    const packages = bundle.modules.flatMap((id) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(id)?.[1] ?? [])
    expect(bundle.modules.filter((id) => id.startsWith('node:'))).toEqual([])
    expect([...new Set(packages)].sort()).toEqual(['@noble/hashes', 'xstate', 'zod'])
  })

  test('runs where there is neither process, nor Buffer, nor require', () => {
    expect(runInContext('[typeof process, typeof Buffer, typeof require, typeof core.foldRun].join()', page)).toBe(
      'undefined,undefined,undefined,function',
    )
  })

  test.for(files)('folds what a server has recorded to the same state, place and intents at every revision: %s', (file) => {
    const texts = textsIn(file)
    expect(toldByPage(page, texts)).toEqual(toldByServer(texts))
  })

  test('stays below 72 kB', () => {
    process.stdout.write(`refold/core for a browser: ${bundle.code.length} characters, ${bundle.gzipped} bytes gzipped\n`)
    expect(bundle.gzipped).toBeLessThan(72_000)
  })
})

describe('the spec of an agent in a browser', { timeout: 60_000 }, () => {
  const agent = defineAgent({
    spec: refund,
    tools: [defineTool({ ...pay, execute: () => Promise.resolve(true) })],
  })

  const refunded = async (): Promise<readonly StoredTexts[]> => {
    const world = openWorld({ agents: [agent] })
    const run = await world.refold.start(agent, { runId: 'one', input: { order: '7', usd: 240 } })
    const { approvals } = await run.untilSettled()
    await run.approve(approvals[0]!.callId, { by: 'dana' })
    expect(await settle(world, run)).toMatchObject({ status: 'completed', output: '240 $ by dana' })
    const stored: StoredTexts[] = []
    for await (const { stream, id, revision, type, data, meta } of world.log.readStream(streamOf('one')))
      stored.push({ stream, id, revision, type, data, meta })
    return stored
  }

  test('folds a run of a chart of its own, minified, as the agent does: states, timers, projections', async () => {
    const page = openPage(await browserBundle(join(root, 'test/browser/page.ts'), 'core'))
    const texts = await refunded()
    const told = toldByPage(page, texts, '[core.refund]')
    expect(told).toEqual(toldByServer(texts, agent.program))
    expect(told.at(-1)?.view).toMatchObject({ projections: { paid: [['one', 1]] } })
    const without = runInContext(
      `(text) => { try { core.foldRun([core.decodeEvent(JSON.parse(text), new Map())]) } catch (e) { return e.code } }`,
      page,
    ) as (text: string) => string
    expect(without(JSON.stringify(texts[0]))).toBe('UnknownAgent')
  })
})
