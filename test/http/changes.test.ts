import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { connect, type Frame, type Stream } from './event-source.ts'
import { keyFor, openService, type Service } from './service.ts'

const acme = keyFor('acme')
const globex = keyFor('globex')

interface Row {
  readonly runId: string
  readonly status: string
  readonly position: number
}

const followed = (service: Service, query = '', headers: Readonly<Record<string, string>> = {}): Promise<Stream> =>
  connect(`${service.url}/v1/changes${query}`, headers)

/** Frames that come one by one, while the clock of the service goes on. */
const reader = (service: Service, stream: Stream) => {
  const frames = stream[Symbol.asyncIterator]()
  const next = async (): Promise<Frame> => {
    const pending = frames.next()
    let isThere = false
    void pending.then(() => (isThere = true))
    for (let turns = 0; !isThere && turns < 20_000; turns++) {
      await nextTurn()
      if (turns % 50 === 49) service.world.clock.advance(100)
    }
    if (!isThere) throw new Error('no frame has come')
    const result = await pending
    if (result.done === true) throw new Error('the stream has ended')
    return result.value
  }
  const of = async (event: string): Promise<Frame & { readonly body: unknown }> => {
    for (;;) {
      const frame = await next()
      if (frame.event === event) return { ...frame, body: JSON.parse(frame.data ?? 'null') as unknown }
    }
  }
  return { of, rows: async (): Promise<readonly Row[]> => ((await of('rows')).body as { readonly rows: readonly Row[] }).rows }
}

describe('the changes of the list of runs', () => {
  test('come as rows within about a second, and begin from now on', async () => {
    await using service = await openService()
    await service.run('Before')
    const stream = await followed(service)
    expect(stream.headers.get('content-type')).toBe('text/event-stream')
    const { of, rows } = reader(service, stream)
    expect((await of('begin')).body).toEqual({ log: expect.any(String) as string, position: expect.any(Number) as number })
    const runId = await service.run('Hello')
    const [row] = await rows()
    expect(row).toMatchObject({ runId, status: 'active', standsStill: { why: 'message' } })
    await service.ask(`POST /v1/runs/${runId}/complete`)
    expect(await rows()).toMatchObject([{ runId, status: 'completed' }])
    stream.drop()
  })

  test('go on behind what was received last, on any connection', async () => {
    await using service = await openService()
    const first = await followed(service)
    const begun = await reader(service, first).of('begin')
    first.drop()
    const one = await service.run('One')
    const two = await service.run('Two')
    const second = await followed(service, '', { 'last-event-id': begun.id ?? '' })
    const again = reader(service, second)
    expect((await again.of('begin')).id).toBeUndefined()
    const missed = await again.of('rows')
    expect((missed.body as { rows: Row[] }).rows.map(({ runId }) => runId)).toEqual([one, two])
    second.drop()
    const third = await followed(service, '', { 'last-event-id': missed.id ?? '' })
    const live = reader(service, third)
    await live.of('begin')
    const three = await service.run('Three')
    expect((await live.rows()).map(({ runId }) => runId)).toEqual([three])
    third.drop()
  })

  test('say to load the list anew where they would begin beyond the log, or behind too much', async () => {
    await using service = await openService()
    await service.run('One')
    const beyond = await followed(service, '', { 'last-event-id': '999999999' })
    expect((await reader(service, beyond).of('reload')).body).toEqual({ position: expect.any(Number) as number })
    beyond.drop()
    expect((await service.ask('GET /v1/changes', { headers: { 'last-event-id': 'x' } })).status).toBe(400)
  })

  test('come with counts where they are asked for', async () => {
    await using service = await openService()
    const stream = await followed(service, '?counts=true')
    const { of } = reader(service, stream)
    expect((await of('counts')).body).toMatchObject({ all: 0 })
    await service.run('Hello')
    await of('rows')
    expect((await of('counts')).body).toMatchObject({ all: 1, standing: { message: 1 } })
    stream.drop()
  })

  test('ask the views once a second for all who follow, and not at all where nobody does', async () => {
    const asked = { count: 0 }
    await using service = await openService({
      beforeCheckpoint: () => {
        asked.count += 1
        return Promise.resolve()
      },
    })
    const streams = await Promise.all(Array.from({ length: 20 }, () => followed(service)))
    const readers = streams.map((stream) => reader(service, stream))
    for (const { of } of readers) await of('begin')
    const before = asked.count
    const runId = await service.run('Hello')
    for (const { rows } of readers) expect((await rows()).map((row) => row.runId)).toEqual([runId])
    expect(asked.count - before).toBeLessThan(10)
    for (const stream of streams) stream.drop()
    while (service.world.clock.next()) await nextTurn()
    const after = asked.count
    service.world.clock.advance(60_000)
    await nextTurn()
    expect(asked.count).toBe(after)
  })

  test('of a tenant are those of its own runs', async () => {
    await using service = await openService({ http: { keys: [acme.configured, globex.configured] } })
    const stream = await followed(service, '?counts=true&tenant=acme', { authorization: `Bearer ${globex.key}` })
    const { of, rows } = reader(service, stream)
    const begun = await of('begin')
    await service.run('Hello', { key: acme.key })
    const own = await service.run('Hello', { key: globex.key })
    expect((await rows()).map(({ runId }) => runId)).toEqual([own])
    expect((await of('counts')).body).toMatchObject({ all: 1 })
    stream.drop()
    const resumed = await followed(service, '?tenant=acme', {
      authorization: `Bearer ${globex.key}`,
      'last-event-id': begun.id ?? '',
    })
    expect((await reader(service, resumed).rows()).map(({ runId }) => runId)).toEqual([own])
    resumed.drop()
  })

  test('are for keys that may read, and as many at once as a key may have streams', async () => {
    const writer = keyFor('acme', 'write')
    await using service = await openService({ http: { keys: [writer.configured, acme.configured], streamsPerKey: 1 } })
    expect((await service.ask('GET /v1/changes', { key: writer.key })).body).toMatchObject({ code: 'ScopeMissing' })
    const stream = await followed(service, '', { authorization: `Bearer ${acme.key}` })
    await reader(service, stream).of('begin')
    expect((await service.ask('GET /v1/changes', { key: acme.key })).body).toMatchObject({ code: 'TooManyStreams' })
    stream.drop()
  })
})
