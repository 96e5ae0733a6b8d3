import { Agent, request as ask, type IncomingHttpHeaders } from 'node:http'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { connect, framesUntil, revisionsOf } from './event-source.ts'
import { openService, type Service } from './service.ts'

interface Said {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** Whether it came over a connection that an earlier request had opened. */
  readonly isKept: boolean
}

/** A client that keeps one connection for all its requests, as a load balancer does. */
const keeper = ({ url }: Service) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  return async (method: string, path: string, body?: unknown): Promise<Said> => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' }
    const asked = ask(`${url}${path}`, { method, agent, headers })
    asked.end(body === undefined ? undefined : JSON.stringify(body))
    const [answered] = (await once(asked, 'response')) as [IncomingMessage]
    return { status: answered.statusCode, headers: answered.headers, body: await text(answered), isKept: asked.reusedSocket }
  }
}

const start = { agent: 'desk', message: 'Hello' }

describe('a service that is drained', () => {
  test('is not ready, and serves on: whatever it is asked is done, and its answer is the last one of its connection', async () => {
    await using service = await openService()
    const kept = keeper(service)
    expect(await kept('GET', '/v1/agents')).toMatchObject({ headers: { connection: 'keep-alive' }, isKept: false })
    service.server.drain()
    const started = await kept('POST', '/v1/runs', start)
    expect(started).toMatchObject({ status: 201, headers: { connection: 'close' }, isKept: true })
    expect(await kept('GET', '/readyz')).toMatchObject({ status: 503, headers: { connection: 'close' } })
    expect(await kept('GET', '/healthz')).toMatchObject({ status: 200, headers: { connection: 'close' } })
    expect(await kept('GET', '/nowhere')).toMatchObject({ status: 404, headers: { connection: 'close' } })
    const { runId } = JSON.parse(started.body) as { readonly runId: string }
    expect(await kept('POST', `/v1/runs/${runId}/messages`, { message: 'Once more' })).toMatchObject({ status: 200 })
  })

  test('ends the connection of what it was asked before, too', async () => {
    const arrived = Promise.withResolvers<undefined>()
    const index = Promise.withResolvers<undefined>()
    await using service = await openService({
      beforeList: () => {
        arrived.resolve(undefined)
        return index.promise
      },
    })
    const listed = keeper(service)('GET', '/v1/runs')
    await arrived.promise
    service.server.drain()
    index.resolve(undefined)
    expect(await listed).toMatchObject({ status: 200, headers: { connection: 'close' } })
  })

  test('keeps its event streams until it stops, takes new ones, and says as its last word to go on elsewhere', async () => {
    await using service = await openService()
    const runId = await service.run('Hello')
    const events = `${service.url}/v1/runs/${runId}/events`
    const early = await connect(events)
    service.server.drain()
    const late = await connect(events, { 'last-event-id': '0' })
    const seen = [early, late].map((stream) => framesUntil(stream, () => false))
    await service.world.refold.run(runId).send({ message: 'Once more' })
    await service.settle(runId)
    const { revision } = await service.world.refold.run(runId).state()
    const stopped = service.server.stop(60_000)
    for (const frames of await Promise.all(seen)) {
      expect(revisionsOf(frames).at(-1)).toBe(revision)
      expect(frames.at(-1)).toEqual({ event: 'stopping', data: '{"reconnect":true,"afterMs":1000}' })
    }
    await stopped
  })

  test('lets no connection be used again on which a stream has ended', async () => {
    await using service = await openService()
    const runId = await service.run('Hello')
    await service.world.refold.run(runId).complete({ by: 'test' })
    const kept = keeper(service)
    const asked = ask(`${service.url}/v1/runs/${runId}/events`, {
      agent: new Agent({ keepAlive: true }),
      headers: { accept: 'text/event-stream' },
    })
    asked.end()
    const [stream] = (await once(asked, 'response')) as [IncomingMessage]
    expect(stream.headers.connection).toBe('close')
    stream.resume()
    expect((await kept('GET', '/healthz')).headers.connection).toBe('keep-alive')
  })
})
