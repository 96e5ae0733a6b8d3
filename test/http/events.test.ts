import { textContent } from '../../src/events/content.ts'
import { once } from 'node:events'
import { connect as connectSocket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { RecordedRunEvent } from '../../src/events/envelope.ts'
import { answer } from '../../src/models/scripted/script.ts'
import type { Model } from '../../src/models/model.ts'
import { eventsOf } from '../support/world.ts'
import { connect, framesUntil, revisionsOf, type Frame } from './event-source.ts'
import { keyFor, openService, type Service } from './service.ts'

const HEARTBEAT_MS = 15_000

interface Page {
  readonly events: readonly RecordedRunEvent[]
  readonly next: number | null
}

const eventsUrl = (service: Service, runId: string, query = ''): string => `${service.url}/v1/runs/${runId}/events${query}`

const completed = async (service: Service, message = 'Hello'): Promise<string> => {
  const runId = await service.run(message)
  await service.ask(`POST /v1/runs/${runId}/complete`)
  return runId
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index)

describe('a page of events', () => {
  test('has every event as it was recorded, page after page', async () => {
    await using service = await openService()
    const runId = await completed(service)
    const recorded = await eventsOf(service.world, runId)
    const pages: RecordedRunEvent[] = []
    let from: number | null = 0
    while (from !== null) {
      const { body }: { body: Page } = await service.ask<Page>(`GET /v1/runs/${runId}/events?from=${from}&limit=3`)
      expect(body.events.length).toBeLessThanOrEqual(3)
      pages.push(...body.events)
      from = body.next
    }
    expect(pages).toMatchObject(recorded)
    expect(pages).toHaveLength(recorded.length)
  })

  test('is empty behind the newest event', async () => {
    await using service = await openService()
    const runId = await completed(service)
    expect((await service.ask<Page>(`GET /v1/runs/${runId}/events?from=1000`)).body).toEqual({ events: [], next: null })
  })

  test('has payloads that are stored apart', async () => {
    await using service = await openService({ script: () => answer('ok') })
    const long = 'x'.repeat(200_000)
    const runId = await completed(service, long)
    const { body } = await service.ask<Page>(`GET /v1/runs/${runId}/events?from=1&limit=1`)
    expect(body.events).toMatchObject([{ type: 'MessageReceived', data: { parts: textContent(long) } }])
  })
})

describe('a stream of events', () => {
  test('has every event once, in order, with its revision as id, and ends after the last event of the run', async () => {
    await using service = await openService()
    const runId = await completed(service)
    const recorded = await eventsOf(service.world, runId)
    const stream = await connect(eventsUrl(service, runId))
    expect(stream.headers.get('content-type')).toBe('text/event-stream')
    const seen = await framesUntil(stream, () => false)
    expect(seen[0]).toEqual({ retry: '1000' })
    expect(revisionsOf(seen)).toEqual(recorded.map(({ revision }) => revision))
    expect(seen.slice(1).map(({ data = '' }) => JSON.parse(data) as unknown)).toMatchObject(recorded)
  })

  test('goes on live until the run ends', async () => {
    await using service = await openService()
    const runId = await service.run('Hello')
    const stream = await connect(eventsUrl(service, runId))
    const rest = framesUntil(stream, () => false)
    await service.ask(`POST /v1/runs/${runId}/messages`, { body: { message: 'More' } })
    await service.settle(runId)
    await service.ask(`POST /v1/runs/${runId}/complete`)
    const types = (await rest).flatMap(({ data }) => (data === undefined ? [] : [(JSON.parse(data) as RecordedRunEvent).type]))
    expect(types.filter((type) => type === 'MessageReceived')).toHaveLength(2)
    expect(types.at(-1)).toBe('RunCompleted')
  })

  test('that was dropped goes on behind the last event that was received, without loss and without repetition', async () => {
    await using service = await openService()
    const runId = await service.run('Hello')
    const first = await connect(eventsUrl(service, runId))
    const before = await framesUntil(first, ({ id }) => id === '2')
    first.drop()
    await service.ask(`POST /v1/runs/${runId}/messages`, { body: { message: 'While nobody looked' } })
    await service.settle(runId)
    const lastSeen = before.at(-1)?.id ?? ''
    const second = await connect(eventsUrl(service, runId), { 'last-event-id': lastSeen })
    await service.ask(`POST /v1/runs/${runId}/complete`)
    const after = await framesUntil(second, () => false)
    const recorded = await eventsOf(service.world, runId)
    expect([...revisionsOf(before), ...revisionsOf(after)]).toEqual(recorded.map(({ revision }) => revision))
  })

  test('that begins behind the last event of the run is empty, so that a browser stops asking', async () => {
    await using service = await openService()
    const runId = await completed(service)
    const last = String((await eventsOf(service.world, runId)).at(-1)?.revision)
    expect((await connect(eventsUrl(service, runId), { 'last-event-id': last })).status).toBe(204)
    const after = await service.ask(`GET /v1/runs/${runId}/events`, { headers: { accept: 'text/event-stream', 'last-event-id': last } })
    expect(after).toMatchObject({ status: 204, body: '' })
  })

  test('that begins behind later words on a call of a run that has ended is empty too', async () => {
    await using service = await openService()
    const runId = await service.run('charge me')
    const { body } = await service.ask<{ toolCalls: { callId: string }[] }>(`GET /v1/runs/${runId}`)
    await service.ask(`POST /v1/runs/${runId}/cancel`, { body: { reason: 'enough' } })
    for (const message of ['not in the books', 'it bounced', 'declined'])
      await service.ask(`POST /v1/runs/${runId}/tool-calls/${body.toolCalls[0]?.callId ?? ''}/settlement`, {
        body: { outcome: { succeeded: false, message } },
      })
    const recorded = await eventsOf(service.world, runId)
    const end = recorded.findIndex(({ type }) => type === 'RunCancelled')
    expect(recorded.slice(end + 1).map(({ type }) => type)).toEqual(Array.from({ length: 3 }, () => 'ToolCallCorrected'))
    expect((await connect(eventsUrl(service, runId), { 'last-event-id': String(recorded.length - 1) })).status).toBe(204)
    const between = await framesUntil(await connect(eventsUrl(service, runId), { 'last-event-id': String(end + 1) }), () => false)
    expect(revisionsOf(between)).toEqual(range(end + 2, recorded.length - 1))
  })

  test('begins where it is told to, but not beyond the next event', async () => {
    await using service = await openService()
    const runId = await completed(service)
    const last = (await eventsOf(service.world, runId)).length - 1
    const seen = await framesUntil(await connect(eventsUrl(service, runId, '?from=4')), () => false)
    expect(revisionsOf(seen)).toEqual(range(4, last))
    const beyond = await service.ask(`GET /v1/runs/${runId}/events?from=${last + 2}`, { headers: { accept: 'text/event-stream' } })
    expect(beyond).toMatchObject({ status: 400, body: { code: 'InvalidInput' } })
    const unreadable = { accept: 'text/event-stream', 'last-event-id': 'yesterday' }
    expect((await service.ask(`GET /v1/runs/${runId}/events`, { headers: unreadable })).status).toBe(400)
  })

  test('has the text of an answer as it is written, where that is asked for', async () => {
    let write: (text: string) => void = () => undefined
    let finish: (text: string) => void = () => undefined
    const writing: Model = {
      isFree: true,
      call: (request, { onDelta }) =>
        new Promise((resolve) => {
          write = (text) => onDelta?.(text)
          finish = (text) => {
            const usage = { inputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens: 1, reasoningTokens: 0 }
            resolve({ ok: true, parts: [{ type: 'text', text }], stop: 'stop', usage, model: request.model, dropped: [] })
          }
        }),
    }
    await using service = await openService({ model: writing })
    const { body } = await service.ask<{ runId: string }>('POST /v1/runs', { body: { agent: 'desk', message: 'Hello' } })
    const quiet = framesUntil(await connect(eventsUrl(service, body.runId)), () => false)
    const stream = (await connect(eventsUrl(service, body.runId, '?deltas=true')))[Symbol.asyncIterator]()
    const frames: Frame[] = []
    const upTo = async (fits: (frame: Frame) => boolean): Promise<void> => {
      for (;;) {
        const next = await stream.next()
        if (next.done === true) throw new Error('the stream ended')
        frames.push(next.value)
        if (fits(next.value)) return
      }
    }
    await upTo(({ data = '' }) => data.includes('ModelCallRequested'))
    write('Good ')
    write('day.')
    await upTo(({ event, data = '' }) => event === 'delta' && data.includes('day.'))
    finish('Good day.')
    await service.settle(body.runId)
    await upTo(({ data = '' }) => data.includes('TurnCompleted'))
    const deltas = frames.filter(({ event }) => event === 'delta')
    expect(deltas.map(({ data = '' }) => JSON.parse(data) as unknown)).toEqual([
      { callId: '1.model', attempt: 1, text: 'Good ' },
      { callId: '1.model', attempt: 1, text: 'day.' },
    ])
    expect(deltas.every(({ id }) => id === undefined)).toBe(true)
    await service.ask(`POST /v1/runs/${body.runId}/complete`)
    expect((await quiet).filter(({ event }) => event === 'delta')).toEqual([])
  })

  test('says something now and then where nothing happens', async () => {
    await using service = await openService()
    const runId = await service.run('Hello')
    const stream = await connect(eventsUrl(service, runId))
    const seen: Frame[] = []
    for await (const frame of stream) {
      seen.push(frame)
      if (frame.data?.includes('TurnCompleted') === true) service.world.clock.advance(HEARTBEAT_MS)
      if (frame.comment === undefined) continue
      if (seen.filter(({ comment }) => comment === 'heartbeat').length === 2) break
      service.world.clock.advance(HEARTBEAT_MS)
    }
    expect(seen.at(-1)).toEqual({ comment: 'heartbeat' })
  })

  test('leaves nothing behind when its client goes', async () => {
    const { key, configured } = keyFor('acme')
    await using service = await openService({ http: { keys: [configured], streamsPerKey: 1 } })
    const runId = await service.run('Hello', { key })
    const authorization = `Bearer ${key}`
    const first = await connect(eventsUrl(service, runId), { authorization })
    await first[Symbol.asyncIterator]().next()
    const refused = await service.ask(`GET /v1/runs/${runId}/events`, { key, headers: { accept: 'text/event-stream' } })
    expect(refused).toMatchObject({ status: 429, body: { code: 'TooManyStreams', retryable: true } })
    first.drop()
    // The server learns of it when the connection closes, which takes no time but some turns of both event loops.
    let status = 429
    for (let turn = 0; turn < 1000 && status === 429; turn++) {
      await nextTurn()
      service.world.clock.advance(1000)
      const again = await connect(eventsUrl(service, runId), { authorization })
      status = again.status
      again.drop()
    }
    expect(status).toBe(200)
  })
})

describe('a client that does not read its stream', () => {
  // Far more than the buffers of two sockets take.
  const MESSAGES = 40
  const UNREAD = 8
  const LONG = 'long '.repeat(100_000)

  test('holds up no other, and has lost nothing when it reads on', { timeout: 60_000 }, async () => {
    await using service = await openService({ script: () => answer('Read.') })
    const runId = await service.run('Hello')
    const { port, hostname } = new URL(service.url)
    const slow = connectSocket(Number(port), hostname)
    await once(slow, 'connect')
    slow.pause()
    slow.write(`GET /v1/runs/${runId}/events?deltas=true HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n\r\n`)
    const fast = framesUntil(await connect(eventsUrl(service, runId)), () => false)
    for (let message = 0; message < MESSAGES; message++) {
      // What is not read yet is bounded, so they are read a few at a time.
      if (message % UNREAD === 0) await service.ask(`POST /v1/runs/${runId}/pause`)
      expect((await service.ask(`POST /v1/runs/${runId}/messages`, { body: { message: LONG } })).status).toBe(200)
      if (message % UNREAD < UNREAD - 1) continue
      await service.ask(`POST /v1/runs/${runId}/resume`)
      await service.settle(runId)
    }
    await service.ask(`POST /v1/runs/${runId}/cancel`, { body: { reason: 'enough' } })
    const recorded = (await eventsOf(service.world, runId)).map(({ revision }) => revision)
    expect(revisionsOf(await fast)).toEqual(recorded)
    expect(slow.bytesRead).toBeLessThan(MESSAGES * LONG.length)

    const pieces: string[] = []
    slow.setEncoding('utf8')
    for await (const piece of slow) {
      pieces.push(piece as string)
      if (pieces.slice(-2).join('').includes('"RunCancelled"')) break
    }
    const ids = [...pieces.join('').matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id))
    expect(ids).toEqual(recorded)
  })
})
