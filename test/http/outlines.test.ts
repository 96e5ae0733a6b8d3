import { describe, expect, test } from 'vitest'
import { streamOf } from '../../src/events/codec.ts'
import type { OutlineRow } from '../../src/projections/outline-row.ts'
import { answer } from '../../src/models/scripted/script.ts'
import { encodeSpans } from '../../src/otlp/otlp-spans.ts'
import { spansOfRun } from '../../src/runtime/reading/run-spans.ts'
import { spansInJson } from '../support/otlp/decoded-otlp.ts'
import { eventsOf } from '../support/world.ts'
import { connect, framesUntil } from './event-source.ts'
import { keyFor, openService } from './service.ts'

interface Page {
  readonly runId: string
  readonly rows: readonly OutlineRow[]
  readonly next: number | null
}

interface One {
  readonly event: { readonly type: string; readonly data: Readonly<Record<string, unknown>> }
  readonly large: readonly { readonly field: string; readonly length: number }[]
}

const acme = keyFor('acme')
const globex = keyFor('globex')
const LONG = 'x'.repeat(200_000)
const parts = [{ type: 'text', text: LONG }]

describe('the outline of a run', () => {
  test('has a row for every event, with where it led, what it asked for and what led to it', async () => {
    await using service = await openService()
    const runId = await service.run('A refund, please')
    const events = await eventsOf(service.world, runId)
    const { status, body } = await service.ask<Page>(`GET /v1/runs/${runId}/outline`)
    expect({ status, runId: body.runId, next: body.next }).toEqual({ status: 200, runId, next: null })
    expect(body.rows.map(({ revision, type, at, to }) => ({ revision, type, at, to }))).toEqual(
      events.map(({ revision, type, meta: { at, to } }) => ({ revision, type, at, to })),
    )
    expect(body.rows.map(({ cause }) => cause)).toEqual(
      events.map(({ meta }) => events.find(({ id }) => id === meta.causationId)?.revision),
    )
    expect(body.rows.find(({ type }) => type === 'ModelCallRequested')).toMatchObject({
      callId: expect.any(String) as string,
      attempt: 1,
      model: 'scripted/one',
      owner: 'here/1/a',
      leaseUntil: expect.any(Number) as number,
    })
    expect(body.rows.find(({ type }) => type === 'ModelCallSucceeded')).toMatchObject({ asks: ['refund_order'], usage: {} })
    expect(body.rows.find(({ type }) => type === 'ApprovalRequested')).toMatchObject({
      tool: 'refund_order',
      digest: expect.any(String) as string,
    })
  })

  test('goes on page by page, and each page knows what led to its rows', async () => {
    await using service = await openService()
    const runId = await service.run('A refund, please')
    const { body: whole } = await service.ask<Page>(`GET /v1/runs/${runId}/outline`)
    const rows: OutlineRow[] = []
    for (let from: number | null = 0; from !== null;) {
      const { body }: { body: Page } = await service.ask<Page>(`GET /v1/runs/${runId}/outline?from=${from}&limit=2`)
      expect(body.rows.length).toBeLessThanOrEqual(2)
      rows.push(...body.rows)
      from = body.next
    }
    expect(rows).toEqual(whole.rows)
    expect((await service.ask<Page>(`GET /v1/runs/${runId}/outline?from=1000`)).body).toEqual({ runId, rows: [], next: null })
  })

  test('comes compressed to whoever takes that, and never as a stream', async () => {
    await using service = await openService()
    const runId = await service.run('Hello')
    const { headers } = await service.ask(`GET /v1/runs/${runId}/outline`, { headers: { 'accept-encoding': 'gzip' } })
    expect(headers.get('content-encoding')).toBe('gzip')
    const plain = await service.ask(`GET /v1/runs/${runId}/outline`, { headers: { 'accept-encoding': 'identity' } })
    expect(plain.headers.get('content-encoding')).toBeNull()
    expect(plain.headers.get('vary')).toMatch(/accept-encoding/i)
    const stream = await connect(`${service.url}/v1/runs/${runId}/outline`, { 'accept-encoding': 'gzip' })
    expect(stream.headers.get('content-encoding')).toBeNull()
    stream.drop()
  })

  test('holds no payload, and says which are stored apart', async () => {
    await using service = await openService({ script: () => answer('ok') })
    const runId = await service.run(LONG)
    const { body } = await service.ask<Page>(`GET /v1/runs/${runId}/outline`)
    expect(body.rows.find(({ type }) => type === 'MessageReceived')).toMatchObject({ large: ['parts'] })
    expect(JSON.stringify(body).length).toBeLessThan(10_000)
  })

  test('comes live as a stream of rows, and goes on behind the last one that was received', async () => {
    await using service = await openService()
    const runId = await service.run('Hello')
    const url = `${service.url}/v1/runs/${runId}/outline`
    const first = await connect(url)
    const begun = framesUntil(first, ({ id }) => id === '4')
    const { body } = await service.ask<Page>(`GET /v1/runs/${runId}/outline`)
    expect((await begun).slice(1).map(({ data = '' }) => JSON.parse(data) as unknown)).toEqual(body.rows)
    first.drop()
    const rest = await connect(url, { 'last-event-id': '4' })
    const seen = framesUntil(rest, () => false)
    await service.ask(`POST /v1/runs/${runId}/complete`)
    const rows = (await seen).slice(1).map(({ event, data = '' }) => ({ event, row: JSON.parse(data) as OutlineRow }))
    expect(rows).toMatchObject([{ event: 'row', row: { revision: 5, type: 'RunCompleted', by: 'local' } }])
    expect((await connect(url, { 'last-event-id': '5' })).status).toBe(204)
  })

  test('shows what a newer version has recorded, as far as it can be known', async () => {
    await using service = await openService()
    const runId = await service.run('Hello')
    const meta = '{"hash":"x","version":1,"at":1,"to":"","agent":"a","chartHash":"","correlationId":""}'
    const event = { id: '00000000-0000-4000-8000-ffffffffffff', type: 'RunTeleported', data: '{"where":"mars"}', meta }
    await service.world.log.append(streamOf(runId), 4, [event])
    const { body } = await service.ask<Page>(`GET /v1/runs/${runId}/outline?from=5`)
    expect(body.rows).toMatchObject([{ revision: 5, type: 'RunTeleported', summary: expect.stringContaining('not taken in') as string }])
    expect((await service.ask<One>(`GET /v1/runs/${runId}/events/5`)).body).toMatchObject({
      event: { type: 'RunTeleported', data: { where: 'mars' } },
      problem: expect.stringContaining('newer') as string,
    })
  })

  test.each<[string, string, Record<string, unknown>]>([
    ['5', '{"where":"mars"}', { where: 'mars' }],
    ['null', '[1]', { text: '[1]' }],
    ['[]', '5', { text: '5' }],
    ['{"blobs":"where"}', '{"where":"mars"}', { where: 'mars' }],
    ['{"blobs":[5,"where","none","where"]}', '{"where":null}', { where: null }],
    ['{"blobs":["__proto__","where"]}', '{"where":{"blob":"x","length":"long"}}', { where: { blob: 'x', length: 'long' } }],
  ])('shows an event whose meta is odd as it is stored: %s %s', async (meta, data, shown) => {
    await using service = await openService()
    const runId = await service.run('Hello')
    const event = { id: '00000000-0000-4000-8000-ffffffffffff', type: 'RunTeleported', data, meta }
    await service.world.log.append(streamOf(runId), 4, [event])
    const one = await service.ask<One>(`GET /v1/runs/${runId}/events/5`)
    expect(one).toMatchObject({ status: 200, body: { event: { data: shown }, problem: expect.stringContaining('newer') as string } })
    const [name, value] = Object.entries(shown)[0]!
    expect(await service.ask(`GET /v1/runs/${runId}/events/5?field=${name}`)).toMatchObject({ status: 200, body: { field: name, value } })
    expect((await service.ask(`GET /v1/runs/${runId}/events/5?field=nothing`)).status).toBe(400)
  })

  test.each(['from=-1', 'limit=0', 'limit=20001', 'color=red'])('is not given for %s', async (query) => {
    await using service = await openService()
    const runId = await service.run('Hello')
    expect((await service.ask(`GET /v1/runs/${runId}/outline?${query}`)).status).toBe(400)
  })
})

describe('one event', () => {
  test('is as it was recorded, without the payloads that are stored apart, which come one by one', async () => {
    await using service = await openService({ script: () => answer('ok') })
    const runId = await service.run(LONG)
    const { body } = await service.ask<One>(`GET /v1/runs/${runId}/events/1`)
    expect(body).toMatchObject({
      event: { type: 'MessageReceived', data: {} },
      large: [{ field: 'parts', length: JSON.stringify(parts).length }],
    })
    expect((await service.ask(`GET /v1/runs/${runId}/events/1?field=parts`)).body).toEqual({ field: 'parts', value: parts })
    const { body: started } = await service.ask<One>(`GET /v1/runs/${runId}/events/0`)
    const [recorded] = await eventsOf(service.world, runId)
    expect(started).toMatchObject({ event: JSON.parse(JSON.stringify(recorded)) as object, large: [] })
    expect((await service.ask(`GET /v1/runs/${runId}/events/0?field=agent`)).body).toEqual({ field: 'agent', value: 'desk' })
  })

  test.each(['events/99', 'events/-1', 'events/1?field=nothing', 'events/1?field=__proto__', 'events/1?field=constructor'])(
    'is not there: %s',
    async (path) => {
      await using service = await openService()
      const runId = await service.run('Hello')
      expect(await service.ask(`GET /v1/runs/${runId}/${path}`)).toMatchObject({ status: 400, body: { code: 'InvalidInput' } })
    },
  )
})

describe('the trace of a run', () => {
  interface Spans {
    readonly spans: readonly { readonly spanId: string; readonly name: string; readonly revision: number }[]
    readonly open: readonly { readonly name: string; readonly spanId: string }[]
    readonly next: number | null
    readonly revision: number
  }

  test('is what the command line says, page by page, with what has not ended at the end', async () => {
    await using service = await openService()
    const runId = await service.run('please refund it')
    const { ended, open } = await spansOfRun(service.world, runId, { contentLength: 0, children: false })
    const { status, body: whole } = await service.ask<Spans>(`GET /v1/runs/${runId}/trace`)
    expect({ status, next: whole.next }).toEqual({ status: 200, next: null })
    expect(whole.spans.map(({ spanId }) => spanId)).toEqual(ended.map(({ spanId }) => spanId))
    expect(whole.open.map(({ spanId }) => spanId)).toEqual(open.map(({ spanId }) => spanId))
    expect(whole.open.map(({ name }) => name)).toEqual(['invoke_agent desk', 'approval refund_order'])
    const pages: string[] = []
    for (let from: number | null = 0; from !== null;) {
      const { body }: { body: Spans } = await service.ask<Spans>(`GET /v1/runs/${runId}/trace?from=${from}&limit=1`)
      pages.push(...body.spans.map(({ spanId }) => spanId))
      expect(body.open.length === 0).toBe(body.next !== null)
      from = body.next
    }
    expect(pages).toEqual(ended.map(({ spanId }) => spanId))
    const behind = await service.ask<Spans>(`GET /v1/runs/${runId}/trace?from=${whole.revision + 1}`)
    expect(behind.body).toEqual({ ...whole, spans: [] })
  })

  test('is the same bytes as OTLP, a file for Perfetto, a chart or a tree, and names the page behind it', async () => {
    await using service = await openService()
    const runId = await service.run('please refund it')
    await service.ask(`POST /v1/runs/${runId}/approvals/3.0/grant`)
    await service.settle(runId)
    const get = (query: string): Promise<Response> => fetch(`${service.url}/v1/runs/${runId}/trace?${query}`)
    const { ended } = await spansOfRun(service.world, runId, { contentLength: 0, children: false })
    const otlp = new Uint8Array(await (await get('format=otlp')).arrayBuffer())
    expect(otlp).toEqual(
      Uint8Array.from(await encodeSpans(ended, { protocol: 'http/json', resource: { 'service.name': 'refold' }, secrets: [] })),
    )
    expect(spansInJson(otlp)).toHaveLength(ended.length)
    expect(await (await get('format=perfetto')).json()).toMatchObject({ traceEvents: expect.any(Array) as unknown })
    const chart = await get('format=mermaid')
    expect(chart.headers.get('content-type')).toContain('text/plain')
    expect(await chart.text()).toMatch(/^gantt\n/)
    expect(await (await get('format=tree')).text()).toMatch(/^invoke_agent desk/)
    expect((await get('format=otlp&limit=1')).headers.get('link')).toMatch(/<\?format=otlp&from=\d+&limit=1>; rel="next"/)
    expect(await service.ask(`GET /v1/runs/${runId}/trace?format=html`)).toMatchObject({ status: 400 })
    expect(await service.ask('GET /v1/runs/nobody/trace')).toMatchObject({ status: 404, body: { code: 'RunNotFound' } })
    await service.ask(`DELETE /v1/runs/${runId}?cancel=true`)
    expect(await service.ask(`GET /v1/runs/${runId}/trace`)).toMatchObject({ status: 410, body: { code: 'RunDeleted' } })
  })
})

test.each(['outline', 'trace', 'trace?format=otlp', 'events/0', 'events/1?field=parts'])(
  'a tenant cannot see the %s of a run of another',
  async (path) => {
    await using service = await openService({ http: { keys: [acme.configured, globex.configured] } })
    const runId = await service.run('Hello', { key: acme.key })
    expect((await service.ask(`GET /v1/runs/${runId}/${path}`, { key: acme.key })).status).toBe(200)
    for (const accept of ['application/json', 'text/event-stream']) {
      const foreign = await service.ask(`GET /v1/runs/${runId}/${path}`, { key: globex.key, headers: { accept } })
      expect(foreign).toMatchObject({ status: 404, body: { code: 'RunNotFound' } })
    }
  },
)
