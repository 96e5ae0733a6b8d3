import { createServer } from 'node:http'
import { once } from 'node:events'
import { connect as connectTo, type AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { httpOptions } from '../../src/http/http-options.ts'
import { isLoopback } from '../../src/http/loopback.ts'
import type { Model } from '../../src/models/model.ts'
import { connect, framesUntil, revisionsOf } from './event-source.ts'
import { keyFor, openService } from './service.ts'

const acme = keyFor('acme')

describe('a service', () => {
  test('without keys does not listen where others can reach it', async () => {
    for (const host of ['0.0.0.0', '::', '192.168.1.7', 'example.com']) {
      await expect(openService({ host })).rejects.toMatchObject({
        code: 'InvalidConfiguration',
        message: `Expected API keys, since ${host} can be reached from elsewhere, found none: give them in \`http.keys\`, or listen on 127.0.0.1`,
      })
    }
    await using service = await openService({ host: '0.0.0.0', http: { keys: [acme.configured] } })
    expect(service.url).toMatch(/^http:\/\/0\.0\.0\.0:\d+$/)
  })

  test('knows which addresses are of this machine alone', () => {
    expect(['localhost', '127.0.0.1', '127.8.9.10', '::1', '[::1]'].filter((host) => !isLoopback(host))).toEqual([])
    expect(['', '0.0.0.0', '::', '128.0.0.1', '10.0.0.1', 'localhost.example', '127.0.0.1.example'].filter(isLoopback)).toEqual([])
  })

  test('says which address it could not get', async () => {
    const other = createServer()
    other.listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    await expect(openService({ port })).rejects.toMatchObject({
      code: 'InvalidConfiguration',
      message: expect.stringContaining(`found 127.0.0.1:${port}: another program listens there. Give another port`) as string,
    })
    other.close()
  })
})

describe('a configuration', () => {
  const { configured } = acme

  test('has defaults for everything', () => {
    expect(httpOptions.parse({})).toEqual({
      keys: [],
      bodyLimitBytes: 1_114_112,
      uploadLimitBytes: 23_068_672,
      rateLimit: { perSecond: 50, burst: 100 },
      streamsPerKey: 100,
      streams: 500,
      connections: 1000,
      requestTimeoutMs: 30_000,
      keepAliveMs: 75_000,
      hosts: [],
      corsOrigins: [],
    })
  })

  test.each([
    ['a key that is no hash', { keys: [{ ...configured, sha256: 'my-key' }] }, /64 lower-case hex digits/],
    ['two keys of one name', { keys: [configured, { ...configured, sha256: '0'.repeat(64) }] }, /one key a name/],
    ['one key with two names', { keys: [configured, { ...configured, name: 'other' }] }, /one name a key/],
    ['a key without a scope', { keys: [{ ...configured, scopes: [] }] }, /scopes/],
    ['a key without a tenant', { keys: [{ ...configured, tenant: '' }] }, /tenant/],
    ['what nobody knows', { port: 80 }, /port/],
  ])('refuses %s', (_, options, reason) => {
    expect(() => httpOptions.parse(options)).toThrow(reason)
  })
})

describe('a service that stops', () => {
  test('ends its event streams where they are, so that their clients go on elsewhere', async () => {
    const service = await openService()
    const runId = await service.run('Hello')
    const stream = await connect(`${service.url}/v1/runs/${runId}/events`)
    const seen = framesUntil(stream, () => false)
    await service.ask(`GET /v1/runs/${runId}`)
    await service.server.stop(60_000)
    const { revision } = await service.world.refold.run(runId).state()
    expect(revisionsOf(await seen).at(-1)).toBe(revision)
    await expect(fetch(service.url)).rejects.toThrow()
  })

  test('answers what it was asked before', async () => {
    const arrived = Promise.withResolvers<undefined>()
    const index = Promise.withResolvers<undefined>()
    const service = await openService({
      beforeList: () => {
        arrived.resolve(undefined)
        return index.promise
      },
    })
    const listed = service.ask('GET /v1/runs')
    await arrived.promise
    const stopped = service.server.stop(60_000)
    let isStopped = false
    void stopped.then(() => (isStopped = true))
    await nextTurn()
    expect(isStopped).toBe(false)
    index.resolve(undefined)
    expect((await listed).status).toBe(200)
    await stopped
  })

  test('answers on connections that were made before, and that it has not accepted yet', async () => {
    const service = await openService()
    const { hostname, port } = new URL(service.url)
    const socket = connectTo(Number(port), hostname)
    // The system has made the connection by then, and this process has not looked for one.
    await new Promise<void>((resolve) => process.nextTick(resolve))
    const stopped = service.server.stop(60_000)
    socket.write(`GET /v1/agents HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`)
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*connection: close\r\n/i)
    await stopped
  })

  test('cuts what is still open at its deadline', async () => {
    const arrived = Promise.withResolvers<undefined>()
    const service = await openService({
      beforeList: () => {
        arrived.resolve(undefined)
        return new Promise(() => undefined)
      },
    })
    const listed = fetch(`${service.url}/v1/runs`)
    await arrived.promise
    const stopped = service.server.stop(10_000)
    service.world.clock.advance(10_000)
    await expect(listed).rejects.toThrow()
    await stopped
  })

  test('leaves the work of its runs alone', async () => {
    let finish: () => void = () => undefined
    const model: Model = {
      isFree: true,
      call: (request) =>
        new Promise((resolve) => {
          const usage = { inputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens: 1, reasoningTokens: 0 }
          finish = () =>
            resolve({ ok: true, parts: [{ type: 'text', text: 'Late.' }], stop: 'stop', usage, model: request.model, dropped: [] })
        }),
    }
    const service = await openService({ model })
    const { body } = await service.ask('POST /v1/runs', { body: { agent: 'desk', message: 'Hello' } })
    await service.server.stop(60_000)
    finish()
    expect((await service.world.refold.run(String(body['runId'])).untilSettled()).answer).toBe('Late.')
  })
})
