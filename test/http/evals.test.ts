import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { z } from 'zod'
import type { datasetList, datasetPage } from '../../src/http/dataset-contract.ts'
import type { casePage, evalPage, oneEval } from '../../src/http/eval-contract.ts'
import { defineAgent } from '../../src/runtime/agent.ts'
import { evalRuns } from '../support/eval-runs.ts'
import { deskAgent, keyFor, openService, type Service } from './service.ts'

type EvalPage = z.infer<typeof evalPage>
type OneEval = z.infer<typeof oneEval>
type CasePage = z.infer<typeof casePage>
type DatasetList = z.infer<typeof datasetList>
type DatasetPage = z.infer<typeof datasetPage>

const acme = keyFor('acme')
const globex = keyFor('globex')
const writer = keyFor('acme', 'write')
const newer = defineAgent({ name: 'desk', version: '2', instructions: 'Help more.', models: ['scripted/one'], limits: { tokens: null } })

describe('evals', () => {
  let service: Service
  beforeAll(async () => {
    service = await openService({
      agents: [deskAgent, newer],
      http: { keys: [acme.configured, globex.configured, writer.configured], rateLimit: { perSecond: 1_000, burst: 10_000 } },
    })
    const dataset = 'refunds@4f1c'
    await evalRuns(service, { id: 'first', dataset, tenant: 'acme', candidate: deskAgent, cases: { a: [true], b: [false], c: [true] } })
    service.world.clock.advance(60_000)
    await evalRuns(service, {
      id: 'second',
      dataset,
      tenant: 'acme',
      candidate: newer,
      baseline: deskAgent,
      cases: { a: [true, true], b: [true, false], c: [false, false], d: [null, null] },
      before: { a: [true, true], b: [false, false], c: [false, false] },
    })
    await service.run('hello', { key: acme.key })
  }, 60_000)
  afterAll(() => service[Symbol.asyncDispose]())

  test('are listed with the share of runs that have passed all scores, the newest first', async () => {
    const { body } = await service.ask<EvalPage>('GET /v1/evals', { key: acme.key })
    expect(body.evals.map(({ id, arm, agent, runs, cases, scored, passed }) => [id, arm, agent, runs, cases, scored, passed])).toEqual([
      ['second', 'candidate', 'desk@2', 8, 4, 6, 3],
      ['second', 'baseline', 'desk@1', 6, 3, 6, 2],
      ['first', 'candidate', 'desk@1', 3, 3, 3, 2],
    ])
    expect(body.evals[2]?.accuracy).toMatchObject({ value: 2 / 3, method: 'Wilson' })
    // Wilson's interval of 2 of 3, as 1.96 gives it.
    expect(body.evals[2]?.accuracy.low).toBeCloseTo(0.208, 3)
    expect(body.evals[2]?.accuracy.high).toBeCloseTo(0.939, 3)
    expect(body.evals[0]?.accuracy.method).toBe('Wilson over tasks')
    const paged: string[] = []
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: EvalPage = (
        await service.ask<EvalPage>(`GET /v1/evals?limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`, { key: acme.key })
      ).body
      paged.push(...page.evals.map(({ id, arm }) => `${id} ${arm}`))
      cursor = page.next
    }
    expect(paged).toEqual(['second candidate', 'second baseline', 'first candidate'])
  })

  test('show one with its scorers, its cases and its baseline', async () => {
    const { body } = await service.ask<OneEval>('GET /v1/evals/second', { key: acme.key })
    expect(body).toMatchObject({
      id: 'second',
      dataset: 'refunds@4f1c',
      agent: 'desk@2',
      baseline: 'desk@1',
      runs: 8,
      open: 2,
      epochs: 2,
      cut: false,
      accuracy: { passed: { value: 0.5 }, comparison: { pairs: 3, better: 1, worse: 0, baseline: { value: 1 / 3 } } },
      cases: { all: 4, passed: 1, flaky: 1, failed: 1, open: 1 },
    })
    expect(body.scorers.map(({ name, passed }) => [name, passed.value])).toEqual([
      ['exact', 0.5],
      ['tone', 1],
    ])
    expect(body.scorers[1]?.mean?.value).toBeCloseTo(0.8)
    expect(body.accuracy.tries.map(({ k, onePasses, allPass }) => [k, onePasses, allPass])).toEqual([
      [1, 0.5, 0.5],
      [2, 2 / 3, 1 / 3],
    ])
  })

  test('name of each case where its runs were lost, by how it stands, a page at a time', async () => {
    const { body } = await service.ask<CasePage>('GET /v1/evals/second/cases?standing=flaky', { key: acme.key })
    expect(body.cases).toMatchObject([
      {
        caseId: 'b',
        standing: 'flaky',
        passed: 1,
        scored: 2,
        runs: [
          { runId: 'second.b.1.baseline', arm: 'baseline', passed: false },
          { runId: 'second.b.1', passed: true, lostBy: null },
          { runId: 'second.b.2.baseline' },
          { runId: 'second.b.2', passed: false, lostBy: 'exact', lostAt: 3, note: 'wrong' },
        ],
      },
    ])
    const first = (await service.ask<CasePage>('GET /v1/evals/second/cases?limit=3', { key: acme.key })).body
    expect([first.cases.map(({ caseId, standing }) => `${caseId} ${standing}`), first.next]).toEqual([
      ['a passed', 'b flaky', 'c failed'],
      3,
    ])
    const rest = (await service.ask<CasePage>('GET /v1/evals/second/cases?limit=3&from=3', { key: acme.key })).body
    expect([rest.cases.map(({ standing }) => standing), rest.next]).toEqual([['open'], null])
  })

  test('are those of the tenant’s own runs', async () => {
    expect((await service.ask<EvalPage>('GET /v1/evals', { key: globex.key })).body.evals).toEqual([])
    for (const path of ['/v1/evals/second', '/v1/evals/second/cases', '/v1/evals/nothing'])
      expect(await service.ask(`GET ${path}`, { key: globex.key })).toMatchObject({ status: 404, body: { code: 'RouteNotFound' } })
    for (const path of ['/v1/evals', '/v1/evals/second', '/v1/evals/second/cases'])
      expect(await service.ask(`GET ${path}`, { key: writer.key })).toMatchObject({ status: 403, body: { code: 'ScopeMissing' } })
  })

  test.each([
    '/v1/evals?limit=0',
    '/v1/evals?limit=201',
    '/v1/evals?cursor=x',
    '/v1/evals/%0A',
    '/v1/evals/second/cases?from=-1',
    '/v1/evals/second/cases?standing=x',
  ])('are refused as %s', async (path) => {
    expect(await service.ask(`GET ${path}`, { key: acme.key })).toMatchObject({ status: 400, body: { code: 'InvalidInput' } })
  })
})

describe('datasets', () => {
  const dir = mkdtempSync(join(tmpdir(), 'refold-datasets-'))
  let service: Service
  /** Without keys: it shows all. */
  let open: Service
  const caseOf = (runId: string, more: object = {}): string =>
    JSON.stringify({
      id: `case-${runId}`,
      of: 'run',
      source: { runId, revision: 1, agent: 'desk@1' },
      task: runId,
      input: { messages: [{ role: 'user', parts: [{ type: 'text', text: `hello from ${runId}` }] }] },
      state: { place: 'awaitingMessage', turn: 0 },
      output: { answer: 'You said: hello', output: null, toolCalls: [] },
      labels: {},
      ...more,
    })
  beforeAll(async () => {
    service = await openService({ datasetDir: dir, http: { keys: [acme.configured, globex.configured] } })
    open = await openService({ datasetDir: dir })
    const [ours, theirs] = [await service.run('hello', { key: acme.key }), await service.run('hello', { key: globex.key })]
    writeFileSync(join(dir, 'refunds.jsonl'), [caseOf(ours), caseOf(theirs), 'no JSON', caseOf('gone', { of: 'other' }), ''].join('\n'))
    writeFileSync(join(dir, 'many.jsonl'), Array.from({ length: 120 }, (_, at) => caseOf(ours, { id: `é${at}` })).join('\n'))
    writeFileSync(join(dir, 'other.txt'), 'secret')
    mkdirSync(join(dir, 'folder.jsonl'))
  })
  afterAll(async () => {
    await service[Symbol.asyncDispose]()
    await open[Symbol.asyncDispose]()
    rmSync(dir, { recursive: true })
  })

  test('are the files of the folder, and their cases lead to runs; what is no case says why', async () => {
    const { body } = await open.ask<DatasetList>('GET /v1/datasets')
    expect(body).toMatchObject({ isConfigured: true, datasets: [{ name: 'many' }, { name: 'refunds' }] })
    const page = (await open.ask<DatasetPage>('GET /v1/datasets/refunds')).body
    expect(page.next).toBeNull()
    expect(page.cases).toMatchObject([
      { case: { of: 'run' }, problem: null },
      { case: { of: 'run' }, problem: null },
      { case: null, problem: expect.stringContaining('Expected JSON') as string },
      { case: null, problem: expect.stringContaining('found at of') as string },
    ])
  })

  test('are read a page at a time, each case once', async () => {
    const seen: string[] = []
    for (let from: number | null = 0; from !== null;) {
      const page: DatasetPage = (await open.ask<DatasetPage>(`GET /v1/datasets/many?limit=50&from=${from}`)).body
      seen.push(...page.cases.map((each) => (each.case as { id: string }).id))
      from = page.next
    }
    expect(seen).toEqual(Array.from({ length: 120 }, (_, at) => `é${at}`))
  })

  test('show a tenant the cases that come from its runs', async () => {
    const { body } = await service.ask<DatasetPage>('GET /v1/datasets/refunds', { key: globex.key })
    const own = body.cases.filter((each) => each.case !== null)
    expect(own).toHaveLength(1)
    expect(JSON.stringify(body)).not.toContain('acme')
    expect((await service.ask<DatasetPage>('GET /v1/datasets/many', { key: globex.key })).body).toMatchObject({ cases: [], next: null })
  })

  test('of which few are one’s own are read so many bytes at a time', async () => {
    const line = `${caseOf('gone', { task: 'x'.repeat(1024 * 1024) })}\n`
    writeFileSync(join(dir, 'others.jsonl'), line.repeat(40))
    const page = async (from: number) => (await service.ask<DatasetPage>(`GET /v1/datasets/others?from=${from}`, { key: acme.key })).body
    const first = await page(0)
    expect(first).toEqual({ name: 'others', cases: [], next: 32 * line.length })
    expect(await page(first.next ?? 0)).toMatchObject({ cases: [], next: null })
  })

  test.each(['nothing', 'folder', 'other', 'refunds.jsonl'])('are not there under another name: %s', async (name) => {
    expect(await open.ask(`GET /v1/datasets/${name}`)).toMatchObject({
      status: 404,
      body: { code: 'RouteNotFound' },
    })
  })

  test.each(['..%2Fother', '.hidden', '%00', 'a%2Fb'])('are in no other folder: %s', async (name) => {
    expect((await open.ask(`GET /v1/datasets/${name}`)).status).toBe(400)
  })
})
