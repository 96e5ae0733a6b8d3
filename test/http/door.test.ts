import { request } from 'node:http'
import { describe, expect, test } from 'vitest'
import { streamOf } from '../../src/events/codec.ts'
import { manualClock } from '../support/world.ts'
import { tokenBuckets } from '../../src/http/rate-limit.ts'
import { traceparentOf } from '../../src/runtime/actors/batch.ts'
import { keyFor, openService, type Service } from './service.ts'

const acme = keyFor('acme')

describe('an API key', () => {
  test('is asked for below /v1 alone', async () => {
    await using service = await openService({ http: { keys: [acme.configured] } })
    const without = await service.ask('GET /v1/agents')
    expect(without).toMatchObject({ status: 401, body: { code: 'KeyMissing' } })
    expect(without.headers.get('www-authenticate')).toBe('Bearer')
    for (const path of ['/healthz', '/readyz', '/openapi.json', '/docs/errors.md'])
      expect((await service.ask(`GET ${path}`)).status).toBe(200)
  })

  test.each(['Basic abc', 'Bearer', acme.key, ''])('is no other than a bearer token: %j', async (authorization) => {
    await using service = await openService({ http: { keys: [acme.configured] } })
    const refused = await service.ask('GET /v1/agents', { headers: { authorization } })
    expect(refused).toMatchObject({ status: 401, body: { code: 'KeyMissing' } })
  })

  test('that is not configured is refused, its own hash included', async () => {
    await using service = await openService({ http: { keys: [acme.configured] } })
    for (const key of ['wrong', acme.configured.sha256]) {
      const refused = await service.ask('GET /v1/agents', { key })
      expect(refused).toMatchObject({ status: 401, body: { code: 'KeyUnknown' } })
      expect(refused.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"')
    }
    expect((await service.ask('GET /v1/agents', { key: acme.key })).status).toBe(200)
  })

  test('does what its scopes say, and nothing else', async () => {
    const keys = { read: keyFor('acme', 'read'), write: keyFor('acme', 'write'), operate: keyFor('acme', 'operate') }
    await using service = await openService({ http: { keys: Object.values(keys).map(({ configured }) => configured) } })
    const { body } = await service.ask('POST /v1/runs', { key: keys.write.key, body: { agent: 'desk' } })
    const path = `/v1/runs/${String(body['runId'])}`
    const requests = [`GET ${path}`, `POST ${path}/messages`, `POST ${path}/pause`]
    const statuses = async (key: string): Promise<number[]> =>
      Promise.all(
        requests.map(
          async (each) => (await service.ask(each, { key, ...(each.includes('messages') ? { body: { message: 'Hi' } } : {}) })).status,
        ),
      )
    expect(await statuses(keys.read.key)).toEqual([200, 403, 403])
    expect(await statuses(keys.write.key)).toEqual([403, 200, 403])
    expect(await statuses(keys.operate.key)).toEqual([403, 403, 200])
    expect(await service.ask(`GET ${path}`, { key: keys.write.key })).toMatchObject({
      body: { code: 'ScopeMissing', detail: 'Expected a key with the scope read, found acme.write with write' },
    })
  })
})

/** `fetch` does not let a host be chosen. */
const statusForHost = (service: Service, host: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    request(`${service.url}/v1/agents`, { headers: { host } }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end()
  })

describe('a service without keys', () => {
  test('answers to the names of this machine only, since a page on the web could make its own name point here', async () => {
    await using service = await openService()
    const { port } = new URL(service.url)
    for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, '127.1.2.3', '[::1]:8080'])
      expect(await statusForHost(service, host)).toBe(200)
    for (const host of ['evil.example', `localhost.evil.example:${port}`, '192.168.1.7'])
      expect(await statusForHost(service, host)).toBe(421)
  })
})

describe('a rate limit', () => {
  test('holds for each key on its own, and says when to come again', async () => {
    const globex = keyFor('globex')
    const http = { keys: [acme.configured, globex.configured], rateLimit: { perSecond: 0.5, burst: 3 } }
    await using service = await openService({ http })
    const statuses = async (key: string, times: number): Promise<number[]> => {
      const seen: number[] = []
      for (let time = 0; time < times; time++) seen.push((await service.ask('GET /v1/agents', { key })).status)
      return seen
    }
    expect(await statuses(acme.key, 4)).toEqual([200, 200, 200, 429])
    expect(await statuses(globex.key, 1)).toEqual([200])
    const refused = await service.ask('GET /v1/agents', { key: acme.key })
    expect(refused).toMatchObject({ status: 429, body: { code: 'RateLimited', retryable: true } })
    expect(refused.headers.get('retry-after')).toBe('2')
    service.world.clock.advance(2000)
    expect(await statuses(acme.key, 2)).toEqual([200, 429])
    service.world.clock.advance(3_600_000)
    expect(await statuses(acme.key, 4)).toEqual([200, 200, 200, 429])
  })

  test('gives nothing away and takes nothing back when the clock steps backwards', () => {
    let now = 10_000
    const limit = tokenBuckets({ ...manualClock(), now: () => now }, { perSecond: 1, burst: 2 })
    expect([limit.take('a'), limit.take('a'), limit.take('a')]).toEqual([0, 0, 1000])
    now = 5000
    expect(limit.take('a')).toBe(1000)
    now = 5500
    expect(limit.take('a')).toBe(500)
    now = 6000
    expect(limit.take('a')).toBe(0)
  })
})

describe('a request id', () => {
  test('is taken over from the request, and made where there is none or a strange one', async () => {
    await using service = await openService()
    const idFor = async (given: string): Promise<string | null> => {
      const headers: Record<string, string> = given === '' ? {} : { 'x-request-id': given }
      return (await service.ask('GET /healthz', { headers })).headers.get('x-request-id')
    }
    expect(await idFor('abc-123')).toBe('abc-123')
    for (const strange of ['', 'a b', '<script>', 'x'.repeat(300)]) expect(await idFor(strange)).toMatch(/^request-\d+$/)
  })
})

describe('a trace context', () => {
  test('is taken over where it is well-formed', () => {
    const trace = '0af7651916cd43dd8448eb211c80319c'
    const good = [`00-${trace}-b7ad6b7169203331-01`, `01-${trace}-b7ad6b7169203331-00`]
    expect(good.map(traceparentOf)).toEqual(good)
    const bad = [
      '',
      'nonsense',
      `ff-${trace}-b7ad6b7169203331-01`,
      `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
      `00-${trace}-${'0'.repeat(16)}-01`,
    ]
    expect(bad.map(traceparentOf)).toEqual(bad.map(() => undefined))
    expect(traceparentOf(undefined)).toBeUndefined()
  })
})

describe('a page of another origin', () => {
  const origin = 'https://desk.example.com'
  const preflight = { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type' }

  test('may not call the service', async () => {
    await using service = await openService()
    expect((await service.ask('GET /v1/agents', { headers: { origin } })).headers.get('access-control-allow-origin')).toBeNull()
    expect((await service.ask('OPTIONS /v1/runs', { headers: preflight })).status).toBe(405)
  })

  test('may, where it is configured, and no other', async () => {
    await using service = await openService({ http: { keys: [acme.configured], corsOrigins: [origin] } })
    const asked = await fetch(`${service.url}/v1/runs`, { method: 'OPTIONS', headers: preflight })
    expect(asked.status).toBe(204)
    expect(asked.headers.get('access-control-allow-origin')).toBe(origin)
    expect(asked.headers.get('access-control-allow-headers')).toBe('authorization,content-type')
    const answered = await service.ask('GET /v1/agents', { key: acme.key, headers: { origin } })
    expect(answered.headers.get('access-control-allow-origin')).toBe(origin)
    const other = await service.ask('GET /v1/agents', { key: acme.key, headers: { origin: 'https://evil.example' } })
    expect(other.headers.get('access-control-allow-origin')).toBeNull()
  })
})

describe('the log', () => {
  test('has a line for each request, and no key, text or query of any', async () => {
    await using service = await openService({ http: { keys: [acme.configured] } })
    const runId = await service.run('a SECRET message', { key: acme.key })
    await service.ask(`POST /v1/runs/${runId}/messages`, { key: acme.key, body: { message: 'SECRET', data: 'SECRET' } })
    await service.ask(`POST /v1/runs/${runId}/cancel`, { key: acme.key, body: '{"reason":"SECRET' })
    await service.ask('GET /v1/runs?agent=SECRET', { key: acme.key })
    await service.ask('GET /v1/SECRET', { key: acme.key })
    await service.ask('GET /v1/agents', { key: 'SECRET' })
    const requests = service.lines.filter(({ msg }) => msg === 'request')
    expect(requests).toMatchObject([
      { method: 'POST', route: '/v1/runs', status: 201, key: 'acme.all', tenant: 'acme', durationMs: 0, requestId: 'request-1' },
      { route: '/v1/runs/:runId/messages', runId, status: 200 },
      { route: '/v1/runs/:runId/cancel', runId, status: 400, code: 'InvalidInput' },
      { method: 'GET', route: '/v1/runs', status: 200 },
      { status: 404, code: 'RouteNotFound' },
      { status: 401, code: 'KeyUnknown' },
    ])
    const text = JSON.stringify(service.lines)
    expect(text).not.toContain('SECRET')
    expect(text).not.toContain(acme.key)
  })

  test('does not quote what people wrote where their run cannot be read', async () => {
    await using service = await openService()
    const { log } = service.world
    const runId = await service.run('Hello')
    const broken = { id: '00000000-0000-4000-8000-ffffffffffff', type: 'MessageReceived', data: 'SECRET, and no JSON', meta: '{}' }
    await log.append(streamOf(runId), 'stream-exists', [broken])
    const { status, body } = await service.ask(`GET /v1/runs/${runId}`)
    expect({ status, body }).toMatchObject({ status: 500, body: { code: 'EventLogCorrupt' } })
    expect(service.lines.at(-1)).toMatchObject({ level: 50, code: 'EventLogCorrupt' })
    expect(JSON.stringify([service.lines, body])).not.toContain('SECRET')
  })
})
