import { beforeEach, describe, expect, test } from 'vitest'
import { blobsIn, decodeEvent, streamOf } from '../../../src/events/codec.ts'
import { textContent, type ContentPart } from '../../../src/events/content.ts'
import type { GivenContent, GivenPart } from '../../../src/events/given-content.ts'
import { sha256 } from '../../../src/hash.ts'
import type { ModelCallOptions, ModelRequest } from '../../../src/models/model.ts'
import { answer } from '../../../src/models/scripted/script.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { createEraser } from '../../../src/runtime/erase.ts'
import { memorySnapshotStore } from '../../../src/snapshots/snapshot-store.memory.ts'
import { otherPng, PDF, PNG } from '../../support/pictures.ts'
import { eventsOf, openWorld, settle, type World } from '../../support/world.ts'

const desk = defineAgent({ name: 'desk', version: '1', instructions: 'Look.', models: ['scripted/one'] })

let world: World
let requests: ModelRequest[]
let options: ModelCallOptions[]

const watched = () => {
  const model = scriptedModel(({ messages }) => answer(`Seen ${messages.length}.`))
  return {
    ...model,
    call: (request: ModelRequest, given: ModelCallOptions) => {
      requests.push(request)
      options.push(given)
      return model.call(request, given)
    },
  }
}

beforeEach(() => {
  requests = []
  options = []
  world = openWorld({ agents: [desk], models: { scripted: watched() } })
})

const picture = (data: Uint8Array | string = PNG, more: object = {}): GivenPart => ({
  type: 'image',
  source: { type: 'bytes', data },
  ...more,
})
const recorded: ContentPart = {
  type: 'image',
  source: { type: 'blob', hash: sha256(PNG), mediaType: 'image/png', bytes: PNG.byteLength },
}
const begin = (message: GivenContent, runId = 'one') => world.refold.start('desk', { runId, message })
const refusal = async (message: unknown): Promise<unknown> => {
  try {
    await begin(message as GivenContent, 'refused')
    return undefined
  } catch (error) {
    return error
  }
}

describe('a picture that is sent', () => {
  test('lies in the blob store under the hash of its bytes, and the event names it', async () => {
    const run = await begin([{ type: 'text', text: 'What is broken?' }, picture(PNG, { alt: 'a kettle', detail: 'low' })])
    await settle(world, run)
    const [, received] = await eventsOf(world, 'one')
    expect(received).toMatchObject({
      type: 'MessageReceived',
      data: {
        parts: [
          { type: 'text', text: 'What is broken?' },
          { ...recorded, alt: 'a kettle', detail: 'low' },
        ],
      },
      meta: { version: 2, media: [sha256(PNG)] },
    })
    expect(JSON.stringify(received)).not.toContain(Buffer.from(PNG).toString('base64'))
    expect(Buffer.from(await world.blobs.getBytes(sha256(PNG)))).toEqual(Buffer.from(PNG))
  })

  test('may come as bytes or in base64, which is the same message', async () => {
    await settle(world, await begin([picture()]))
    const run = world.refold.run('one')
    const send = (data: Uint8Array | string) => run.send({ message: [picture(data)], commandId: 'again' })
    await send(otherPng())
    await send(Buffer.from(otherPng()).toString('base64'))
    await settle(world, run)
    expect((await eventsOf(world, 'one')).filter(({ type }) => type === 'MessageReceived')).toHaveLength(2)
    await expect(send(otherPng(64, 2))).rejects.toMatchObject({ code: 'IdempotencyKeyReused' })
  })

  test('is what the caller gave, whatever becomes of its bytes afterwards', async () => {
    const bytes = otherPng()
    const hash = sha256(bytes)
    const started = begin([picture(bytes)])
    bytes.fill(0)
    await settle(world, await started)
    expect(sha256(await world.blobs.getBytes(hash))).toBe(hash)
  })

  test('reaches the model, which can read it, and is replayed to the same prompts', async () => {
    const run = await begin(['look', 'closer'].map((text): GivenPart => ({ type: 'text', text })).concat([picture()]))
    const view = await settle(world, run)
    const parts = [{ type: 'text', text: 'look' }, { type: 'text', text: 'closer' }, recorded]
    expect(view.transcript[0]).toEqual({ role: 'user', parts })
    expect(requests[0]?.messages).toEqual([{ role: 'user', parts }])
    const source = recorded.type === 'image' && recorded.source.type === 'blob' ? recorded.source : undefined
    expect(sha256(await options[0]!.readBlob!(source!))).toBe(sha256(PNG))
    expect(await run.verify()).toMatchObject({ ok: true })
  })

  test('gives another prompt than another picture', async () => {
    await settle(world, await begin([picture()]))
    await settle(world, await begin([picture(otherPng())], 'two'))
    const printOf = async (runId: string) => (await eventsOf(world, runId)).find(({ type }) => type === 'ModelCallRequested')?.data
    expect(await printOf('one')).not.toMatchObject({ fingerprint: ((await printOf('two')) as { fingerprint: string }).fingerprint })
  })

  test('by its URL is named and never read', async () => {
    const url = 'https://example.com/kettle.png?sig=a%20b'
    await settle(world, await begin([{ type: 'image', source: { type: 'url', url } }]))
    expect(requests[0]?.messages[0]).toEqual({ role: 'user', parts: [{ type: 'image', source: { type: 'url', url } }] })
    expect((await eventsOf(world, 'one'))[1]?.meta).not.toHaveProperty('media')
  })

  test('may be named again in its run, and in no other', async () => {
    await settle(world, await begin([picture()]))
    const run = world.refold.run('one')
    await run.send({ message: [recorded as GivenPart] })
    await settle(world, run)
    expect(requests.at(-1)?.messages.at(-1)).toEqual({ role: 'user', parts: [recorded] })
    await settle(world, await begin('hello', 'two'))
    const strange = { code: 'InvalidInput', message: expect.stringContaining('a blob that was said in this run') as string }
    await expect(world.refold.run('two').send({ message: [recorded as GivenPart] })).rejects.toMatchObject(strange)
    expect(await refusal([recorded])).toMatchObject(strange)
    const other = { ...recorded, source: { type: 'blob', hash: sha256(PNG), mediaType: 'image/gif', bytes: 1 } }
    await expect(run.send({ message: [other as GivenPart] })).rejects.toMatchObject(strange)
  })

  test.each<[string, object]>([
    ['another media type', { source: { mediaType: 'text/html' } }],
    ['a media type that is no header', { source: { mediaType: 'image/png\r\nx: y' } }],
    ['no bytes', { source: { bytes: 0 } }],
    ['another type of part', { type: 'file' }],
  ])('is not named with %s, neither beside its bytes nor later', async (_what, { source, ...other }: { readonly source?: object }) => {
    const named = { ...recorded, ...other, source: { ...(recorded as { source: object }).source, ...source } } as unknown as GivenPart
    const strange = { code: 'InvalidInput', message: expect.stringContaining('a blob that was said in this run') as string }
    expect(await refusal([named, picture()])).toMatchObject(strange)
    const run = await begin([recorded as GivenPart, picture()])
    await expect(run.send({ message: [named] })).rejects.toMatchObject(strange)
    await expect(run.send({ message: [named, picture()] })).rejects.toMatchObject(strange)
    await run.send({ message: [recorded as GivenPart] })
  })

  test('goes with its run, unless another run names it', async () => {
    for (const runId of ['one', 'two']) {
      const run = await begin([picture(), picture(otherPng(100, runId === 'one' ? 1 : 2))], runId)
      await settle(world, run)
      await run.complete({ by: 'ann' })
    }
    const blobs = { ...world.blobs, remove: (hash: string) => world.blobs.remove(hash, Number.MAX_SAFE_INTEGER) }
    const eraser = createEraser({ ...world, blobs, ids: { uuid: () => crypto.randomUUID() }, snapshots: memorySnapshotStore() })
    await eraser.erase('one', { by: 'ann' })
    await expect(world.blobs.getBytes(sha256(otherPng(100, 1)))).rejects.toMatchObject({ code: 'EventLogCorrupt' })
    expect(sha256(await world.blobs.getBytes(sha256(PNG)))).toBe(sha256(PNG))
  })
})

describe('what is sent beside a text', () => {
  const file = (data: Uint8Array, mediaType?: string, name = 'a.pdf'): unknown => [
    { type: 'file', name, source: { type: 'bytes', data, mediaType } },
  ]
  const text = Uint8Array.from(Buffer.from('a,b\n1,2\n'))

  test.each<[string, unknown, RegExp]>([
    ['no list', { type: 'image' }, /a text or a list of parts at message/],
    ['an empty list', [], /1 to 32 parts/],
    ['too many parts', Array.from({ length: 33 }, () => ({ type: 'text', text: 'a' })), /1 to 32 parts at message, found 33/],
    ['blank texts alone', [{ type: 'text', text: ' ' }], /something that is said/],
    ['a part of a type that is none', [{ type: 'audio' }], /message\.0\.type/],
    ['a part with more than it has', [{ type: 'text', text: 'a', cache: true }], /message\.0/],
    ['no part at all', [null], /message\.0/],
    [
      'a part that cannot be read',
      [
        new Proxy(
          {},
          {
            ownKeys: () => {
              throw new Error('no')
            },
          },
        ),
      ],
      /a part that can be read at message\.0, found no/,
    ],
    ['a picture of another type', [picture(PDF)], /application\/pdf as a part of the type file/],
    ['bytes that show no type', [picture(text)], /a media type beside bytes that do not show theirs/],
    ['no bytes', [picture(new Uint8Array())], /bytes at message\.0\.source\.data, found none/],
    ['another text than base64', [picture('not base64!!')], /bytes in base64 at message\.0\.source\.data/],
    [
      'a type that the bytes are not',
      [{ type: 'image', source: { type: 'bytes', data: PNG, mediaType: 'image/gif' } }],
      /bytes of image\/gif.*those of image\/png/,
    ],
    [
      'a program in the clothes of a picture',
      [{ type: 'image', source: { type: 'bytes', data: text, mediaType: 'image/svg+xml' } }],
      /one of image\/png.*svg/,
    ],
    ['a page', file(text, 'text/html'), /one of .*text\/html/],
    ['a text that is none', file(Uint8Array.of(65, 0, 66), 'text/plain'), /bytes of text\/plain/],
    ['a picture that is called a text', file(PNG, 'text/plain'), /bytes of text\/plain/],
    ['a name with a path', file(PDF, undefined, '../../etc/passwd'), /a name of 1 to 255 characters/],
    ['a name with a line in it', file(PDF, undefined, 'a\r\nb'), /a name of 1 to 255 characters/],
    [
      'a URL that is not safe',
      [{ type: 'image', source: { type: 'url', url: 'http://169.254.169.254/a.png' } }],
      /message\.0\.source\.url/,
    ],
    ['a URL that is none', [{ type: 'image', source: { type: 'url', url: 'https://' } }], /an https URL/],
    [
      'a URL with a password',
      [{ type: 'image', source: { type: 'url', url: 'https://ann:secret@example.com/a.png' } }],
      /without user and password/,
    ],
    [
      'a file by its URL without its type',
      [{ type: 'file', source: { type: 'url', url: 'https://example.com/a' } }],
      /the media type of the file/,
    ],
    [
      'a page by its URL',
      [{ type: 'file', source: { type: 'url', url: 'https://example.com/a', mediaType: 'text/html' } }],
      /one of application\/pdf/,
    ],
  ])('is refused with %s, and nothing is recorded', async (_what, message, found) => {
    expect(await refusal(message)).toMatchObject({ code: 'InvalidInput', message: expect.stringMatching(found) as string })
    await expect(world.refold.run('refused').state()).rejects.toMatchObject({ code: 'RunNotFound' })
  })

  test.each<[string, unknown]>([
    ['one part', [picture(otherPng(10 * 1024 * 1024 + 1))]],
    ['one part in base64', [picture(Buffer.alloc(10 * 1024 * 1024 + 3).toString('base64'))]],
    ['all parts together', [1, 2, 3].map((seed) => picture(otherPng(8 * 1024 * 1024, seed)))],
    [
      'its texts',
      [
        { type: 'text', text: 'x'.repeat(600_000) },
        { type: 'text', text: 'x'.repeat(600_000) },
      ],
    ],
    ['a URL', [{ type: 'image', source: { type: 'url', url: `https://example.com/${'x'.repeat(5_000)}` } }]],
    ['what it shows', [picture(PNG, { alt: 'x'.repeat(3_000) })]],
  ])('is refused where %s is too large', async (_what, message) => {
    expect(await refusal(message)).toMatchObject({ code: 'TooLarge' })
  })

  test.each<[string, unknown, string]>([
    ['a PDF', file(PDF), 'application/pdf'],
    ['a table', file(text, 'text/csv; charset=utf-8', 'a.csv'), 'text/csv'],
    ['notes', file(text, 'TEXT/Markdown', 'a.md'), 'text/markdown'],
  ])('may be %s', async (_what, message, mediaType) => {
    await settle(world, await begin(message as GivenContent))
    expect((await eventsOf(world, 'one'))[1]?.data).toMatchObject({ parts: [{ type: 'file', source: { mediaType } }] })
  })

  test('is a text alone where it is one part of text: the same wish', async () => {
    const run = await begin([{ type: 'text', text: 'hello' }])
    await begin('hello')
    await settle(world, run)
    expect((await eventsOf(world, 'one'))[1]?.data).toEqual({ parts: textContent('hello') })
    expect(requests).toHaveLength(1)
  })

  test('may be what a person answers', async () => {
    const stuck = openWorld({ agents: [desk], models: { scripted: scriptedModel(() => ({ ok: false, class: 'auth', message: 'no' })) } })
    const run = await stuck.refold.start('desk', { runId: 'one', message: 'Which one?' })
    await settle(stuck, run)
    await run.answer({ by: 'ann', text: [{ type: 'text', text: 'This one.' }, picture()] })
    const view = await settle(stuck, run)
    expect(view.answer).toBe('This one.')
    expect(view.transcript.at(-1)).toEqual({ role: 'assistant', parts: [{ type: 'text', text: 'This one.' }, recorded] })
  })
})

describe('what is not read yet', () => {
  test('is bounded in the bytes of its pictures', async () => {
    const slow = openWorld({ agents: [desk], models: { scripted: { call: () => new Promise(() => undefined) } } })
    const run = await slow.refold.start('desk', { runId: 'one', message: 'Wait' })
    const large = (seed: number) => run.send({ message: [picture(otherPng(10 * 1024 * 1024 - 1, seed))] })
    for (let seed = 1; seed <= 6; seed++) await large(seed)
    await expect(large(7)).rejects.toMatchObject({ code: 'NotPossible', retryable: true })
  })
})

describe('guardrails', () => {
  const guarded = (check: (text: string, parts: readonly ContentPart[]) => object) => {
    const agent = defineAgent({
      name: 'desk',
      version: '1',
      instructions: 'Look.',
      models: ['scripted/one'],
      guardrails: { input: [{ name: 'look', check: (text, _, parts) => check(text, parts) as never }] },
    })
    world = openWorld({ agents: [agent], models: { scripted: watched() } })
  }

  test('see all parts, and may block them', async () => {
    guarded((_, parts) => (parts.some(({ type }) => type === 'image') ? { verdict: 'block', reason: 'no pictures' } : { verdict: 'allow' }))
    const run = await begin([{ type: 'text', text: 'Look' }, picture()])
    expect((await settle(world, run)).transcript).toEqual([])
    expect((await eventsOf(world, 'one')).map(({ type }) => type)).toContain('InputRejected')
  })

  test.each([
    ['keeps the picture where it stood', {}, [recorded, ...textContent('a pin')]],
    ['takes the picture out, where it says so', { withoutMedia: true }, textContent('a pin')],
  ])('that redacts a text %s', async (_what, more, parts) => {
    guarded((text) => ({ verdict: 'redact', text: text.replace(/\d+/, '').replace('my  pin', 'a pin'), reason: 'a pin', ...more }))
    await settle(world, await begin([picture(), { type: 'text', text: 'my 1234 pin' }]))
    expect(requests[0]?.messages).toEqual([{ role: 'user', parts }])
    const run = world.refold.run('one')
    expect(await run.verify()).toMatchObject({ ok: true })
  })
})

describe('an event of before there were parts', () => {
  const stored = (type: string, data: object) => ({
    id: 'e',
    stream: streamOf('one'),
    revision: 1,
    type,
    data: JSON.stringify(data),
    meta: JSON.stringify({ hash: 'h', version: 1, at: 1, agent: 'a@1', chartHash: 'c', correlationId: 'one', to: '' }),
  })

  test.each([
    ['MessageReceived', { text: 'hello', data: { a: 1 } }, { parts: textContent('hello'), data: { a: 1 } }],
    ['InputAccepted', { text: 'h***' }, { parts: textContent('h***') }],
    ['InputAccepted', {}, {}],
    ['OutputAccepted', { output: 1, text: '' }, { output: 1, parts: textContent('') }],
    ['HumanAnswerReceived', { by: 'ann', text: 'Yes.' }, { by: 'ann', parts: textContent('Yes.') }],
  ])('reads as one of a text: %s %j', (type, data, parts) => {
    expect(decodeEvent(stored(type, data), new Map()).data).toEqual(parts)
  })

  test('of a later version than this is refused, whatever its parts are', () => {
    const later = stored('MessageReceived', { parts: [{ type: 'audio' }] })
    const meta = JSON.stringify({ ...(JSON.parse(later.meta) as object), version: 3 })
    expect(() => decodeEvent({ ...later, meta }, new Map())).toThrow(/version 2 of MessageReceived at most, found version 3/)
  })

  test('names its pictures for whoever deletes it, and not as payloads', () => {
    const event = stored('MessageReceived', { parts: [] })
    const meta = JSON.stringify({ ...(JSON.parse(event.meta) as object), version: 2, media: ['a'.repeat(64)] })
    expect(blobsIn({ ...event, meta })).toEqual(['a'.repeat(64)])
  })
})
