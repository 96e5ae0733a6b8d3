import { pino } from 'pino'
import { afterEach, describe, expect, test } from 'vitest'
import { systemIds } from '../../src/clock.ts'
import { processMetrics } from '../../src/health/process-metrics.ts'
import { httpOptions } from '../../src/http/http-options.ts'
import { startHttpServer, type HttpServer } from '../../src/http/server.ts'
import { manualClock } from '../support/world.ts'
import { openService } from './service.ts'

const started: HttpServer[] = []
afterEach(async () => {
  for (const server of started.splice(0)) await server.stop(60_000)
})

const starting = async () => {
  const clock = manualClock()
  const server = await startHttpServer({
    settings: httpOptions.parse({}),
    host: '127.0.0.1',
    port: 0,
    clock,
    ids: systemIds,
    logger: pino({ level: 'silent' }),
    metrics: processMetrics(clock),
  })
  started.push(server)
  return { clock, server }
}

const statusOf = async (url: string): Promise<number> => {
  const response = await fetch(url)
  await response.text()
  return response.status
}

/** Resolves once the server has the request. */
const arrived = async ({ url }: HttpServer): Promise<void> => {
  await statusOf(`${url}/healthz`)
  await statusOf(`${url}/healthz`)
}

describe('a service that is starting', () => {
  test('lets whoever was passed on to it wait until it has started, and tells supervisors at once', async () => {
    await using opened = await openService()
    const { server } = await starting()
    const waiting = [statusOf(`${server.url}/v1/agents`), statusOf(`${server.url}/v1/runs`)]
    await arrived(server)
    expect(await statusOf(`${server.url}/readyz`)).toBe(503)
    server.serve(opened.served)
    expect(await Promise.all(waiting)).toEqual([200, 200])
    expect(await statusOf(`${server.url}/readyz`)).toBe(200)
  })

  test('says that it is not ready where that takes longer than usual, and serves once it has started', async () => {
    await using opened = await openService()
    const { server, clock } = await starting()
    const waiting = statusOf(`${server.url}/v1/agents`)
    await arrived(server)
    clock.advance(10_000)
    expect(await waiting).toBe(503)
    expect(await statusOf(`${server.url}/v1/agents`)).toBe(503)
    server.serve(opened.served)
    expect(await statusOf(`${server.url}/v1/agents`)).toBe(200)
  })
})
