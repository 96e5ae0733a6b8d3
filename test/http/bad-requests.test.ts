import { createConnection } from 'node:net'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import type { Problem } from '../../src/http/contract.ts'
import { connect, framesUntil } from './event-source.ts'
import { askRaw, openRaw, sendRaw } from './raw-connection.ts'
import { keyFor, openService } from './service.ts'

const HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
}

const problemIn = (answer: { readonly body: string } | undefined): Problem => JSON.parse(answer?.body ?? 'null') as Problem

describe('an answer', () => {
  test('is kept nowhere and taken for nothing else, whatever it is', async () => {
    await using service = await openService()
    const runId = await service.run('Hello')
    const paths = [
      '/healthz',
      '/readyz',
      '/metrics',
      '/openapi.json',
      '/docs/http.md',
      '/v1/agents',
      `/v1/runs/${runId}/events`,
      '/nothing',
    ]
    for (const path of paths) expect(Object.fromEntries((await service.ask(`GET ${path}`)).headers), path).toMatchObject(HEADERS)
    expect(Object.fromEntries((await connect(`${service.url}/v1/runs/${runId}/events`)).headers)).toMatchObject(HEADERS)
    expect(Object.fromEntries((await service.ask('POST /v1/runs', { body: '{' })).headers)).toMatchObject(HEADERS)
  })
})

describe('bytes that are no request', () => {
  const longHeader = `GET /healthz HTTP/1.1\r\nhost: localhost\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`
  test.each([
    ['no request line', 'nonsense\r\n\r\n', 400, 'MalformedRequest'],
    ['TLS', Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]), 400, 'MalformedRequest'],
    ['a header without a name', 'GET /healthz HTTP/1.1\r\nhost: localhost\r\n: x\r\n\r\n', 400, 'MalformedRequest'],
    [
      'two lengths',
      'POST /v1/runs HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}',
      400,
      'MalformedRequest',
    ],
    [
      'a length and chunks',
      'POST /v1/runs HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
      'MalformedRequest',
    ],
    ['headers without end', longHeader, 431, 'HeadersTooLarge'],
    ['no host', 'GET /v1/agents HTTP/1.1\r\nconnection: close\r\n\r\n', 400, 'MalformedRequest'],
    ['a host that is none', 'GET /v1/agents HTTP/1.1\r\nconnection: close\r\nhost: a b\r\n\r\n', 400, 'MalformedRequest'],
    ['a tunnel', 'CONNECT evil.example:443 HTTP/1.1\r\nhost: evil.example:443\r\n\r\n', 405, 'MethodNotAllowed'],
    ['an expectation', 'POST /v1/runs HTTP/1.1\r\nhost: localhost\r\nexpect: money\r\n\r\n', 417, 'ExpectationFailed'],
  ])('are answered with a problem: %s', async (_, bytes, status, code) => {
    await using service = await openService()
    const answer = await sendRaw(service.url, bytes)
    expect(answer).toMatchObject({ status, headers: { 'content-type': 'application/problem+json', ...HEADERS } })
    expect(problemIn(answer)).toMatchObject({ code, status })
  })

  test('behind an event stream end it, and are not answered in its middle', async () => {
    await using service = await openService()
    const runId = await service.run('Hello')
    const { socket, answer } = await openRaw(service.url)
    socket.write(`GET /v1/runs/${runId}/events HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n\r\n`)
    await once(socket, 'data')
    socket.write('nonsense\r\n\r\n')
    expect((await answer)?.body).not.toContain('MalformedRequest')
  })
})

describe('a client that takes its time', () => {
  const http = { requestTimeoutMs: 300 }

  test.each([
    ['says nothing', ''],
    ['stops in its request line', 'GET /heal'],
    ['stops in its headers', 'GET /healthz HTTP/1.1\r\nhost: localhost\r\nx: '],
    [
      'stops in its body',
      'POST /v1/runs HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{"agent":',
    ],
    [
      'stops in a chunk',
      'POST /v1/runs HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n9\r\n{"agent":',
    ],
  ])('is answered in the end, and cut: it %s', async (_, bytes) => {
    await using service = await openService({ http })
    const { socket, answer } = await openRaw(service.url)
    socket.write(bytes)
    const found = await answer
    expect(found?.status).toBe(408)
    expect(problemIn(found)).toMatchObject({ code: 'RequestTimeout', retryable: true })
  })

  test('does not keep others out, and neither do its connections, of which there are so many at most', async () => {
    await using service = await openService({ http: { ...http, connections: 3 } })
    const slow = await Promise.all([1, 2, 3].map(() => openRaw(service.url)))
    // The answer to a first byte says that the connection has been taken in.
    const fourth = createConnection(Number(new URL(service.url).port), '127.0.0.1')
    fourth.on('error', () => undefined)
    await once(fourth, 'close')
    await Promise.all(slow.map(({ answer }) => answer))
    expect((await askRaw(service.url, 'GET /healthz'))?.status).toBe(200)
  })
})

describe('a body', () => {
  const json = { 'content-type': 'application/json' }
  const start = JSON.stringify({ agent: 'desk' })
  test.each<readonly [string, Readonly<Record<string, string>>, string | Buffer]>([
    ['compressed', { ...json, 'content-encoding': 'gzip' }, start],
    ['compressed in a way that nobody knows', { ...json, 'content-encoding': 'zstd, br' }, start],
    ['in another charset', { 'content-type': 'application/json; charset=iso-8859-1' }, start],
    ['in UTF-16, as it says', { 'content-type': 'application/json; charset=utf-16' }, Buffer.from(start, 'utf16le')],
    ['of a form', { 'content-type': 'application/x-www-form-urlencoded' }, 'agent=desk'],
    ['of a form of another kind', { 'content-type': 'multipart/mixed; boundary=x' }, '--x--'],
    ['plain text', { 'content-type': 'text/plain' }, start],
    ['JSON of another kind', { 'content-type': 'application/jsonp' }, start],
    ['of two types', { 'content-type': 'text/plain, application/json' }, start],
    ['of no type', {}, start],
    ['empty, and of another type', { 'content-type': 'text/plain' }, ''],
  ])('is refused where it is %s', async (_, headers, body) => {
    await using service = await openService()
    const answer = await askRaw(service.url, 'POST /v1/runs', headers, body)
    expect(answer?.status).toBe(415)
    expect(problemIn(answer)).toMatchObject({ code: 'UnsupportedMediaType' })
  })

  test.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"'])(
    'is read where it is %s',
    async (type) => {
      await using service = await openService()
      expect((await askRaw(service.url, 'POST /v1/runs', { 'content-type': type, 'content-encoding': 'identity' }, start))?.status).toBe(
        201,
      )
    },
  )

  test('that is optional is not passed over where it has no type, since it may say what the request is for', async () => {
    await using service = await openService()
    const runId = await service.run('Hello')
    const answer = await askRaw(service.url, `POST /v1/runs/${runId}/pause`, {}, '{"by":"dana"}')
    expect(answer?.status).toBe(415)
  })

  test('that is no UTF-8 is refused, and not read as something else', async () => {
    await using service = await openService()
    const bytes = Buffer.concat([Buffer.from('{"agent":"desk","message":"'), Buffer.from([0xc3, 0x28, 0xff]), Buffer.from('"}')])
    const answer = await askRaw(service.url, 'POST /v1/runs', json, bytes)
    expect(problemIn(answer)).toMatchObject({
      status: 400,
      code: 'InvalidInput',
      detail: 'Expected a body in UTF-8, found bytes that are none',
    })
  })

  test.each([
    ['input', (deep: string) => `{"agent":"desk","input":${deep}}`, 'POST /v1/runs'],
    ['data', (deep: string) => `{"message":"Hi","data":${deep}}`, 'POST /v1/runs/RUN/messages'],
    ['output', (deep: string) => `{"output":${deep}}`, 'POST /v1/runs/RUN/complete'],
    ['outcome.output', (deep: string) => `{"outcome":{"succeeded":true,"output":${deep}}}`, 'POST /v1/runs/RUN/tool-calls/3.0/settlement'],
  ])('is refused where its %s has too many levels', async (field, bodyOf, request) => {
    await using service = await openService()
    const runId = await service.run('Hello')
    for (const levels of [129, 6_000, 100_000]) {
      const body = bodyOf('['.repeat(levels) + ']'.repeat(levels))
      const answer = await askRaw(service.url, request.replace('RUN', runId), json, body)
      expect(problemIn(answer)).toMatchObject({ status: 400, code: 'InvalidInput', errors: [{ field: `body.${field}` }] })
    }
  })
})

describe('a member called __proto__', () => {
  const json = { 'content-type': 'application/json' }
  const proto = '{"a":[{"__proto__":{"admin":true}}]}'
  test.each([
    ['POST /v1/runs', `{"agent":"desk","input":${proto}}`, 'body.input.a[0].__proto__'],
    [
      'POST /v1/runs',
      `{"agent":"desk","message":"Hi","context":${proto.replace('__proto__', String.raw`_\u005f\u0070roto__`)}}`,
      'body.context.a[0].__proto__',
    ],
    ['POST /v1/runs', '{"agent":"desk","message":"Hi","metadata":{"__proto__":1}}', 'body.metadata.__proto__'],
    ['POST /v1/runs', '{"agent":"desk","message":"Hi","tags":{"__proto__":"x"}}', 'body.tags.__proto__'],
    ['POST /v1/runs', '{"agent":"desk","message":"Hi","__proto__":{"tenant":"acme"}}', 'body.__proto__'],
    ['POST /v1/runs/RUN/messages', `{"message":"Hi","data":${proto}}`, 'body.data.a[0].__proto__'],
    ['POST /v1/runs/RUN/complete', `{"output":${proto}}`, 'body.output.a[0].__proto__'],
    [
      'POST /v1/runs/RUN/tool-calls/3.0/settlement',
      `{"outcome":{"succeeded":true,"output":${proto}}}`,
      'body.outcome.output.a[0].__proto__',
    ],
  ])('is refused with its place: %s %s', async (request, body, field) => {
    await using service = await openService()
    const runId = await service.run('Hello')
    const before = await service.world.log.head()
    const answer = await askRaw(service.url, request.replace('RUN', runId), json, body)
    expect(problemIn(answer)).toMatchObject({ status: 400, code: 'InvalidInput', errors: [{ field }] })
    expect(await service.world.log.head()).toBe(before)
  })

  test('may be spoken of', async () => {
    await using service = await openService()
    const answer = await askRaw(service.url, 'POST /v1/runs', json, '{"agent":"desk","message":"What is __proto__, \\u00e4?"}')
    expect(answer?.status).toBe(201)
  })
})

describe('a problem', () => {
  test.each([
    [
      'members that nobody knows',
      JSON.stringify(Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`member-number-${at}`, 1]))),
    ],
    ['one member with a long name', JSON.stringify({ ['x'.repeat(500_000)]: 1 })],
    ['an agent with a long name', JSON.stringify({ agent: 'x'.repeat(500_000) })],
    ['a value that is none of the list', JSON.stringify({ agent: { long: 'x'.repeat(500_000) } })],
  ])('is short, however long the request is: %s', async (_, body) => {
    await using service = await openService()
    const answer = await askRaw(service.url, 'POST /v1/runs', { 'content-type': 'application/json' }, body)
    expect(answer?.status).toBeGreaterThanOrEqual(400)
    expect(answer?.status).toBeLessThan(500)
    expect(answer?.body.length).toBeLessThan(12_000)
  })

  test('is short where a path and a host are long', async () => {
    await using service = await openService()
    const long = 'x'.repeat(14_000)
    expect((await askRaw(service.url, `GET /v1/runs/${long}`))?.body.length).toBeLessThan(12_000)
    expect((await askRaw(service.url, 'GET /v1/agents', { host: `${long}.example` }))?.body.length).toBeLessThan(12_000)
  })
})

describe('an event stream', () => {
  const acme = keyFor('acme')

  test('that is asked for by HEAD is its headers, and is none', async () => {
    await using service = await openService({ http: { streamsPerKey: 2 } })
    const runId = await service.run('Hello')
    const url = `${service.url}/v1/runs/${runId}/events`
    for (let times = 0; times < 5; times++) {
      const { status, headers } = await fetch(url, { method: 'HEAD', headers: { accept: 'text/event-stream' } })
      expect([status, headers.get('content-type')]).toEqual([200, 'text/event-stream'])
    }
    const stream = await connect(url)
    expect(stream.status).toBe(200)
    stream.drop()
  })

  test('is one of so many for everybody', async () => {
    const globex = keyFor('globex')
    await using service = await openService({ http: { keys: [acme.configured, globex.configured], streams: 2 } })
    const urlOf = async (key: string): Promise<string> => `${service.url}/v1/runs/${await service.run('Hello', { key })}/events`
    const open = (url: string, key: string) => connect(url, { authorization: `Bearer ${key}` })
    const acmeUrl = await urlOf(acme.key)
    const globexUrl = await urlOf(globex.key)
    const first = await open(acmeUrl, acme.key)
    await open(acmeUrl, acme.key)
    expect((await open(globexUrl, globex.key)).status).toBe(429)
    first.drop()
    // Whoever goes frees a place, as soon as the service has seen it.
    let last = await open(globexUrl, globex.key)
    while (last.status === 429) last = await open(globexUrl, globex.key)
    const frames = await framesUntil(last, ({ event }) => event === 'event')
    expect(frames.at(-1)?.id).toBe('0')
  })
})
