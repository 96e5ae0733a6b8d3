import { afterEach, describe, expect, test } from 'vitest'
import { startHealthServer, type HealthServer } from '../../src/health/health-server.ts'
import { processMetrics } from '../../src/health/process-metrics.ts'
import { manualClock } from '../support/world.ts'
import { askRaw, sendRaw } from './raw-connection.ts'
import { openService } from './service.ts'

const servers: HealthServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop()
})

const open = async () => {
  const clock = manualClock()
  const metrics = processMetrics(clock)
  const stop = new AbortController()
  const health = await startHealthServer({ host: '127.0.0.1', port: 0, clock, metrics, stopping: stop.signal })
  servers.push(health)
  const ask = async (path: string) => {
    const response = await fetch(`${health.url}${path}`)
    return { status: response.status, body: await response.text(), type: response.headers.get('content-type') ?? '' }
  }
  return { clock, metrics, stop, health, ask }
}

const answering = { name: 'log', ask: () => Promise.resolve(7) }
const silent = { name: 'bus', ask: () => new Promise<never>(() => undefined) }
const away = { name: 'views', ask: () => Promise.reject(new Error('postgres://refold:secret@host is away')) }

describe('the health of a process', () => {
  test('is alive at once, and ready once it works and its servers answer', async () => {
    const { health, ask } = await open()
    expect((await ask('/healthz')).status).toBe(200)
    expect(await ask('/readyz')).toMatchObject({ status: 503, body: '{"status":"starting"}\n' })
    health.dependsOn([answering])
    expect((await ask('/readyz')).status).toBe(200)
  })

  test('names the servers that do not answer, or not in time, and nothing of what they say', async () => {
    const { health, ask, clock } = await open()
    health.dependsOn([answering, silent, away])
    const asked = ask('/readyz')
    while (!clock.next()) await new Promise(setImmediate)
    expect(await asked).toMatchObject({ status: 503, body: '{"status":"waiting","noAnswerFrom":["bus","views"]}\n' })
    expect((await ask('/healthz')).status).toBe(200)
  })

  test('asks its servers once, however many ask for readiness and numbers', async () => {
    const { health, ask, metrics, clock } = await open()
    let asked = 0
    const counting = () => Promise.resolve(++asked)
    health.dependsOn([{ name: 'log', ask: counting }])
    metrics.measured('desk_lag', 'Of a server', counting)
    const all = () => Promise.all(Array.from({ length: 20 }, (_, at) => ask(at % 2 === 0 ? '/readyz' : '/metrics')))
    await all()
    await all()
    expect(asked).toBe(2)
    clock.advance(3_000)
    await all()
    expect(asked).toBe(4)
  })

  test('is told in answers that are kept nowhere, and as problems to bytes that are no request', async () => {
    const { health } = await open()
    const { headers } = await fetch(`${health.url}/healthz`)
    expect(Object.fromEntries(headers)).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
    const answer = await sendRaw(health.url, 'nonsense\r\n\r\n')
    expect(answer).toMatchObject({ status: 400, headers: { 'x-content-type-options': 'nosniff' } })
    for (const path of ['constructor', '/__proto__', '/healthz/'])
      expect((await askRaw(health.url, `GET ${path}`))?.status).toBe(path.startsWith('/') ? 404 : 400)
  })

  test('is not ready any more once it stops, and alive to its end', async () => {
    const { health, ask, stop } = await open()
    health.dependsOn([answering])
    stop.abort()
    expect(await ask('/readyz')).toMatchObject({ status: 503, body: '{"status":"stopping"}\n' })
    expect((await ask('/healthz')).status).toBe(200)
  })

  test('is in numbers that Prometheus reads, NaN where a server does not answer', async () => {
    const { ask, metrics, clock } = await open()
    metrics.counted('desk_events_total', 'Events', () => 3)
    metrics.countedBy('desk_calls_total', 'Calls', 'result', () => ({ ToolCallSucceeded: 2 }))
    metrics.measured('desk_lag_events', 'Lag', () => 5)
    metrics.measured('desk_silent', 'Of a server that hangs', silent.ask)
    metrics.measured('desk_away', 'Of a server that is away', away.ask)
    const asked = ask('/metrics')
    while (!clock.next()) await new Promise(setImmediate)
    const { status, body, type } = await asked
    expect([status, type]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8'])
    for (const line of [
      'desk_events_total 3',
      'desk_calls_total{result="ToolCallSucceeded"} 2',
      'desk_lag_events 5',
      'desk_silent Nan',
      'desk_away Nan',
    ])
      expect(body.split('\n')).toContain(line)
    expect(body).toMatch(/^process_resident_memory_bytes \d+/m)
  })

  test('knows three paths', async () => {
    const { ask, health } = await open()
    expect((await ask('/')).status).toBe(404)
    expect((await fetch(`${health.url}/metrics`, { method: 'POST' })).status).toBe(405)
  })
})

describe('the service', () => {
  test('has numbers for Prometheus, without names of runs or tenants', async () => {
    await using service = await openService()
    const runId = await service.run('hello')
    const { status, body } = await service.ask<string>('GET /metrics')
    expect(status).toBe(200)
    expect(body).toContain('refold_http_requests_total{status="201"} 1')
    expect(body).not.toContain(runId)
  })
})
