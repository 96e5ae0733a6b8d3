import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sha256 } from '../../src/hash.ts'
import { otherPng, PDF, PNG } from '../support/pictures.ts'
import { eventsOf } from '../support/world.ts'
import { keyFor, openService, type Service } from './service.ts'

let service: Service
afterEach(() => service[Symbol.asyncDispose]())
beforeEach(async () => {
  service = await openService()
})

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
const recorded = { type: 'image', source: { type: 'blob', hash: sha256(PNG), mediaType: 'image/png', bytes: PNG.byteLength } }
const received = async (runId: string) =>
  (await eventsOf(service.world, runId)).flatMap((event) => (event.type === 'MessageReceived' ? [event.data] : []))

const form = (request: unknown, ...files: (readonly [bytes: Uint8Array, type: string, name: string])[]): FormData => {
  const fields = new FormData()
  fields.set('request', typeof request === 'string' ? request : JSON.stringify(request))
  for (const [bytes, type, name] of files) fields.append('file', new File([bytes as Uint8Array<ArrayBuffer>], name, { type }))
  return fields
}
const post = async (path: string, body: FormData, key?: string) => {
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` }
  const response = await fetch(`${service.url}${path}`, { method: 'POST', body, headers })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}
const get = (path: string, key?: string) =>
  fetch(`${service.url}${path}`, { headers: key === undefined ? {} : { authorization: `Bearer ${key}` } })

describe('a picture over HTTP', () => {
  test('comes in base64 in the message, and stands in the transcript by its hash', async () => {
    const message = [
      { type: 'text', text: 'Look' },
      { type: 'image', source: { type: 'bytes', data: base64(PNG) } },
    ]
    const { status, body } = await service.ask('POST /v1/runs', { body: { agent: 'desk', message } })
    expect(status).toBe(201)
    const { runId } = body as { runId: string }
    await service.settle(runId)
    const { body: transcript } = await service.ask(`GET /v1/runs/${runId}/transcript`)
    expect(transcript).toMatchObject({
      messages: [{ role: 'user', parts: [{ type: 'text', text: 'Look' }, recorded] }, { role: 'assistant' }],
    })
    await service.ask(`POST /v1/runs/${runId}/messages`, { body: { message: [recorded] } })
    expect((await received(runId))[1]).toEqual({ parts: [recorded] })
  })

  test('comes as a form, behind the text of the message, and is one start under one key', async () => {
    const files = [
      [PNG, 'image/png', 'a.png'],
      [PDF, 'application/pdf', 'bill ü.pdf'],
    ] as const
    const started = await post('/v1/runs', form({ agent: 'desk', message: 'Look', runId: 'one', data: { page: 1 } }, ...files))
    expect(started.status).toBe(201)
    await service.settle('one')
    expect(await received('one')).toMatchObject([
      { parts: [{ type: 'text', text: 'Look' }, recorded, { type: 'file', name: 'bill ü.pdf' }], data: { page: 1 } },
    ])
    expect(await post('/v1/runs', form({ agent: 'desk', message: 'Look', runId: 'one', data: { page: 1 } }, ...files))).toMatchObject({
      status: 201,
    })
    const other = [[otherPng(), 'image/png', 'a.png'], files[1]] as const
    expect(await post('/v1/runs', form({ agent: 'desk', message: 'Look', runId: 'one', data: { page: 1 } }, ...other))).toMatchObject({
      status: 422,
    })
    expect((await post('/v1/runs/one/messages', form({}, files[0]))).status).toBe(200)
    expect((await received('one'))[1]).toEqual({ parts: [recorded] })
  })

  test.each<[string, () => FormData, number, RegExp]>([
    ['no request', () => new FormData(), 400, /field `request`|cannot be read/],
    ['a request that is no JSON', () => form('{'), 400, /JSON in the field/],
    ['a request that is no object', () => form('[]'), 400, /a JSON object/],
    [
      'a text in the place of a file',
      () => {
        const fields = form({ message: 'a' })
        fields.set('x', 'y')
        return fields
      },
      400,
      /a file in the field "x"/,
    ],
    [
      'too many files',
      () => form({ message: 'a' }, ...Array.from({ length: 33 }, () => [PNG, 'image/png', 'a'] as const)),
      400,
      /33 fields at most/,
    ],
    ['a file whose type is not taken', () => form({ message: 'a' }, [PDF, 'text/html', 'a.html']), 400, /text\/html/],
    ['a picture that is none', () => form({ message: 'a' }, [PDF, 'image/png', 'a.png']), 400, /those of application\/pdf/],
    ['a name with a path', () => form({ message: 'a' }, [PDF, 'application/pdf', '../a\\b']), 400, /a name of 1 to 255/],
  ])('is refused with %s', async (_what, body, status, told) => {
    const runId = await service.run('Hello')
    const refused = await post(`/v1/runs/${runId}/messages`, body())
    expect(refused).toMatchObject({ status, body: { detail: expect.stringMatching(told) as string } })
    expect(await received(runId)).toHaveLength(1)
  })

  const field = 'content-disposition: form-data; name="request"\r\n\r\n{"message":"a"}\r\n'
  test.each<[string, string, RegExp]>([
    ['so many fields that a parser takes seconds', `--b\r\n${field}`.repeat(20_000), /33 fields at most/],
    ['headers that a parser takes seconds for', `--b\r\n${'x: y\r\n'.repeat(20_000)}${field}--b--\r\n`, /headers of 4096 bytes/],
    ['headers that never end', `--b\r\nx: y\r\n`, /headers of 4096 bytes/],
    ['another beginning', `${'\r\n'.repeat(20_000)}--b\r\n${field}--b--\r\n`, /begins with its boundary/],
    ['no end', `--b\r\n${field}`, /cannot be read/],
    ['another boundary', `--c\r\n${field}--c--\r\n`, /begins with its boundary/],
  ])('is refused before it is parsed, with %s', async (_what, body, told) => {
    const runId = await service.run('Hello')
    const headers = { 'content-type': 'multipart/form-data; boundary=b' }
    const refused = await fetch(`${service.url}/v1/runs/${runId}/messages`, { method: 'POST', headers, body })
    expect(refused.status).toBe(400)
    expect(await refused.json()).toMatchObject({ detail: expect.stringMatching(told) as string })
  })

  test.each(['multipart/form-data; boundary=b', 'Multipart/Form-Data;boundary="b"', 'multipart/form-data; charset=utf-8; boundary=b; x=y'])(
    'may be said to be %s',
    async (type) => {
      const runId = await service.run('Hello')
      const body = `--b\r\n${field}--b--\r\n`
      const sent = await fetch(`${service.url}/v1/runs/${runId}/messages`, { method: 'POST', headers: { 'content-type': type }, body })
      expect(sent.status).toBe(200)
    },
  )

  test.each([
    'multipart/form-data; boundary=',
    'multipart/form-data; boundary="',
    'multipart/form-data; x=y',
    'multipart/form-data; boundary=a\u00fcb',
  ])('is refused where it is said to be %s', async (type) => {
    const runId = await service.run('Hello')
    const headers = { 'content-type': type }
    expect(
      (await fetch(`${service.url}/v1/runs/${runId}/messages`, { method: 'POST', headers, body: `--b\r\n${field}--b--\r\n` })).status,
    ).toBe(400)
  })

  test('is refused where the request beside its files is too large', async () => {
    const runId = await service.run('Hello')
    expect((await post(`/v1/runs/${runId}/messages`, form({ message: 'a'.repeat(1_200_000) }, [PNG, 'image/png', 'a.png']))).status).toBe(
      413,
    )
  })

  test('is refused where it is too large, and as a form where no message is sent', async () => {
    const runId = await service.run('Hello')
    const large = form({ message: 'a' }, [new Uint8Array(23 * 1024 * 1024), 'image/png', 'a.png'])
    expect(
      (await fetch(`${service.url}/v1/runs/${runId}/messages`, { method: 'POST', body: large }).catch(() => ({ status: 413 }))).status,
    ).toBe(413)
    expect((await post(`/v1/runs/${runId}/cancel`, form({ reason: 'no' }))).status).toBe(415)
  })

  test('is a download that no browser runs, and is not found in another run', async () => {
    const runId = await service.run('Hello')
    await post(`/v1/runs/${runId}/messages`, form({}, [PNG, 'image/png', 'a.png'], [PDF, 'application/pdf', 'bill "ü".pdf']))
    const answer = await get(`/v1/runs/${runId}/blobs/${sha256(PDF)}`)
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(Buffer.from(PDF))
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'application/pdf',
      'content-disposition': "attachment; filename*=UTF-8''bill%20%22%C3%BC%22.pdf",
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringContaining("default-src 'none'") as string,
    })
    const other = await service.run('Hello')
    expect((await get(`/v1/runs/${other}/blobs/${sha256(PNG)}`)).status).toBe(404)
    expect((await get(`/v1/runs/${runId}/blobs/${'f'.repeat(64)}`)).status).toBe(404)
    expect((await get(`/v1/runs/${runId}/blobs/..%2F..%2Fetc`)).status).toBe(400)
  })

  test('is taken in with four others of one key at one time, and of a key that may write', async () => {
    const writer = keyFor('acme', 'write')
    const reader = keyFor('acme', 'read')
    await using guarded = await openService({ http: { keys: [writer.configured, reader.configured] } })
    const ends: (() => void)[] = []
    const slow = (key: string): Promise<Response> => {
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(new TextEncoder().encode('--b\r\n'))
          ends.push(() => controller.close())
        },
      })
      const headers = { authorization: `Bearer ${key}`, 'content-type': 'multipart/form-data; boundary=b' }
      return fetch(`${guarded.url}/v1/runs`, { method: 'POST', headers, body, duplex: 'half' })
    }
    expect((await slow(reader.key)).status).toBe(403)
    const sent = Array.from({ length: 5 }, () => slow(writer.key))
    const refused = await Promise.race(sent)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1'])
    for (const end of ends.slice(1)) end()
    const statuses = (await Promise.all(sent)).map(({ status }) => status)
    expect(statuses.sort()).toEqual([400, 400, 400, 400, 429])
    const next = slow(writer.key)
    ends.at(-1)?.()
    expect((await next).status).toBe(400)
  })
})
