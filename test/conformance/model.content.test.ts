import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ContentPart, FilePart, ImagePart } from '../../src/events/content.ts'
import type { Message } from '../../src/events/message.ts'
import { sha256 } from '../../src/hash.ts'
import type { Json, JsonObject } from '../../src/json.ts'
import { anthropicModel } from '../../src/models/anthropic/anthropic-model.ts'
import { anthropicRequest } from '../../src/models/anthropic/request.ts'
import type { Model, ModelOutcome, ModelRequest } from '../../src/models/model.ts'
import { openaiChatModel } from '../../src/models/openai/openai-chat-model.ts'
import { openaiResponsesModel } from '../../src/models/openai/openai-responses-model.ts'
import { shownMedia } from '../../src/models/wire/shown-media.ts'
import { modelServer, type ModelServer } from '../support/model-server.ts'
import { patiently, promptOf } from '../support/model-server-requests.ts'
import { anthropicWire, openaiChatWire, openaiResponsesWire, type Wire } from '../support/model-server-wires.ts'
import { otherPng, PDF, PNG } from '../support/pictures.ts'

const CSV = Uint8Array.from(Buffer.from('a,b\n1,2\n'))
const DOCX = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

const store = new Map<string, Uint8Array>()
const blob = (bytes: Uint8Array, mediaType: string) => {
  store.set(sha256(bytes), bytes)
  return { type: 'blob' as const, hash: sha256(bytes), mediaType, bytes: bytes.byteLength }
}
const readBlob = async ({ hash }: { readonly hash: string }): Promise<Uint8Array> => {
  const bytes = store.get(hash)
  if (bytes === undefined) throw new Error(`no blob ${hash}`)
  return bytes
}

const image: ImagePart = { type: 'image', source: blob(PNG, 'image/png'), alt: 'a kettle', detail: 'low' }
const far: ImagePart = { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } }
const pdf: FilePart = { type: 'file', source: blob(PDF, 'application/pdf'), name: 'bill.pdf' }
const farPdf: FilePart = { type: 'file', source: { type: 'url', url: 'https://example.com/a.pdf', mediaType: 'application/pdf' } }
const csv: FilePart = { type: 'file', source: blob(CSV, 'text/csv'), name: 'a.csv' }
const docx: FilePart = { type: 'file', source: blob(Uint8Array.of(0x50, 0x4b, 3, 4), DOCX) }

interface Case {
  readonly wire: Wire
  readonly open: (baseUrl: string) => Model
  /** What the newest message of the user holds. */
  readonly said: (body: JsonObject) => Json | undefined
  /** What the result of the tool holds, and what the user says behind it. */
  readonly result: (body: JsonObject) => unknown
  readonly text: (text: string) => JsonObject
  /** Undefined where the wire has no way to carry it. */
  readonly parts: Readonly<Record<'image' | 'far' | 'pdf' | 'farPdf' | 'csv' | 'docx', JsonObject | undefined>>
}

const list = (value: Json | undefined): JsonObject[] => value as unknown as JsonObject[]
const last = (value: Json | undefined): JsonObject => list(value).at(-1)!

const cases: Readonly<Record<string, Case>> = {
  'Anthropic Messages': {
    wire: anthropicWire,
    open: (baseUrl) => anthropicModel({ apiKey: 'key', baseUrl }),
    said: ({ messages }) => last(messages)['content'],
    result: ({ messages }) => last(messages)['content'],
    text: (text) => ({ type: 'text', text }),
    parts: {
      image: { type: 'image', source: { type: 'base64', media_type: 'image/png', data: base64(PNG) } },
      far: { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } },
      pdf: { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: base64(PDF) }, title: 'bill.pdf' },
      farPdf: { type: 'document', source: { type: 'url', url: 'https://example.com/a.pdf' } },
      csv: { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'a,b\n1,2\n' }, title: 'a.csv' },
      docx: undefined,
    },
  },
  'OpenAI Responses': {
    wire: openaiResponsesWire,
    open: (baseUrl) => openaiResponsesModel({ apiKey: 'key', baseUrl }),
    said: ({ input }) => last(input)['content'],
    result: ({ input }) => list(input).slice(-1),
    text: (text) => ({ type: 'input_text', text }),
    parts: {
      image: { type: 'input_image', image_url: `data:image/png;base64,${base64(PNG)}`, detail: 'low' },
      far: { type: 'input_image', image_url: 'https://example.com/a.png', detail: 'auto' },
      pdf: { type: 'input_file', filename: 'bill.pdf', file_data: `data:application/pdf;base64,${base64(PDF)}` },
      farPdf: { type: 'input_file', file_url: 'https://example.com/a.pdf' },
      csv: { type: 'input_file', filename: 'a.csv', file_data: `data:text/csv;base64,${base64(CSV)}` },
      docx: { type: 'input_file', filename: 'file.docx', file_data: `data:${DOCX};base64,UEsDBA==` },
    },
  },
  'OpenAI Chat Completions': {
    wire: openaiChatWire,
    open: (baseUrl) => openaiChatModel({ apiKey: 'key', baseUrl }),
    said: ({ messages }) => last(messages)['content'],
    result: ({ messages }) => list(messages).slice(-2),
    text: (text) => ({ type: 'text', text }),
    parts: {
      image: { type: 'image_url', image_url: { url: `data:image/png;base64,${base64(PNG)}`, detail: 'low' } },
      far: { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
      pdf: { type: 'file', file: { filename: 'bill.pdf', file_data: `data:application/pdf;base64,${base64(PDF)}` } },
      farPdf: undefined,
      csv: { type: 'text', text: 'The file "a.csv":\na,b\n1,2\n' },
      docx: undefined,
    },
  },
}

const given = { image, far, pdf, farPdf, csv, docx }
const user = (...parts: ContentPart[]): Message => ({ role: 'user', parts })
const called: Message = { role: 'assistant', parts: [{ type: 'toolCall', id: 'call_A', name: 'photograph', argumentsText: '{}' }] }
const shown = (...parts: ContentPart[]): Message => ({ role: 'tool', id: 'call_A', name: 'photograph', parts, isError: false })

describe.each(Object.entries(cases))('pictures and files over %s', (name, { wire, open, said, result, text, parts }) => {
  let server: ModelServer
  let model: Model
  beforeAll(async () => {
    server = await modelServer()
    model = open(server.url + wire.basePath)
  })
  beforeEach(() => server.replyWith({ stream: wire.stream({ text: ['I see.'] }) }))
  afterAll(() => server.close())

  const ask = (request: ModelRequest): Promise<ModelOutcome> => model.call(request, { ...patiently(), readBlob })
  const sent = async (...messages: Message[]): Promise<{ body: JsonObject; dropped: readonly string[] }> => {
    const outcome = await ask({
      ...promptOf(...messages),
      tools: [{ name: 'photograph', description: 'Takes a picture', inputSchema: { type: 'object' } }],
    })
    if (!outcome.ok) throw new Error(`${outcome.class}: ${outcome.message}`)
    return { body: server.requests.at(-1)!.body, dropped: outcome.dropped }
  }

  test.each(Object.keys(given) as (keyof typeof given)[])(
    'carries %s as its vendor reads it, or says in words that it cannot',
    async (which) => {
      const { body, dropped } = await sent(user({ type: 'text', text: 'Look:' }, given[which]))
      const carried = parts[which]
      const words = { docx: `[not shown: file ${DOCX}, 4 bytes]`, farPdf: '[not shown: file https://example.com/a.pdf]' } as Record<
        string,
        string
      >
      expect(said(body)).toEqual([text('Look:'), carried ?? text(words[which] ?? '')])
      const detail = which === 'image' && name.startsWith('Anthropic') ? ['detail'] : []
      expect(dropped).toEqual(carried === undefined ? ['file'] : detail)
    },
  )

  test('leaves a message of one text as it was', async () => {
    const { body, dropped } = await sent(user({ type: 'text', text: 'Hello' }))
    expect(said(body)).toEqual(name.startsWith('Anthropic') ? [text('Hello')] : 'Hello')
    expect(dropped).toEqual([])
  })

  test('shows what a tool has brought', async () => {
    const { body, dropped } = await sent(user({ type: 'text', text: 'Look' }), called, shown({ type: 'text', text: 'taken' }, image))
    const expected = {
      'Anthropic Messages': [{ type: 'tool_result', tool_use_id: 'call_A', content: [text('taken'), parts.image] }],
      'OpenAI Responses': [{ type: 'function_call_output', call_id: 'call_A', output: [text('taken'), parts.image] }],
      'OpenAI Chat Completions': [
        { role: 'tool', tool_call_id: 'call_A', content: 'taken' },
        { role: 'user', content: [text('(What the call call_A of photograph has shown:)'), parts.image] },
      ],
    }[name]
    expect(result(body)).toEqual(expected)
    expect(dropped).toEqual({ 'Anthropic Messages': ['detail'], 'OpenAI Chat Completions': ['toolMedia'] }[name] ?? [])
  })

  test('joins messages in a row around a picture', async () => {
    const { body, dropped } = await sent(
      user({ type: 'text', text: 'a' }),
      user({ type: 'text', text: 'b' }, far),
      user({ type: 'text', text: 'c' }),
    )
    expect(said(body)).toEqual([text('a\n\nb'), parts.far, text('c')])
    expect(dropped).toEqual(['turns'])
  })

  test('takes a picture alone for no blank message', async () => {
    expect(said((await sent(user({ type: 'text', text: ' ' }, far))).body)).toEqual([parts.far])
  })

  test('tells in words what the agent has shown', async () => {
    const { body, dropped } = await sent(
      user({ type: 'text', text: 'a' }),
      { role: 'assistant', parts: [image] },
      user({ type: 'text', text: 'b' }),
    )
    expect(JSON.stringify(body)).toContain(`[not shown: image image/png, ${PNG.byteLength} bytes: a kettle]`)
    expect(dropped).toEqual(['image'])
  })

  test('rejects where the bytes cannot be read, before anything is sent', async () => {
    const before = server.requests.length
    const lost: ImagePart = { type: 'image', source: { type: 'blob', hash: 'f'.repeat(64), mediaType: 'image/png', bytes: 1 } }
    await expect(ask(promptOf(user(lost)))).rejects.toThrow(/no blob/)
    expect(server.requests).toHaveLength(before)
  })

  test('estimates what a picture costs where nobody counts', async () => {
    server.replyWith({ stream: wire.stream({ text: ['I see.'], isCounted: false }) })
    const outcome = await ask(promptOf(user(image)))
    expect(outcome.ok && outcome.usage.inputTokens).toBeGreaterThan(1_500)
    expect(outcome.ok && outcome.usage.inputTokens).toBeLessThan(1_600)
  })

  test('leaves the refusal of a picture to the next model', async () => {
    server.replyWith({ ...(wire.error(400) as { status: number; body: string; contentType: string }) })
    expect(await ask(promptOf(user(image)))).toMatchObject({ ok: false, class: 'badRequest' })
  })
})

describe('the pictures of a long conversation', () => {
  const many = (count: number, size: number): ImagePart[] =>
    Array.from({ length: count }, (_, seed) => ({ type: 'image', source: blob(otherPng(size, seed % 256), 'image/png') }))
  const shownOf = async (pictures: readonly ImagePart[], takes = () => true): Promise<number[]> => {
    const found = await shownMedia({ messages: pictures.map((part) => user(part)) }, takes, { readBlob })
    return pictures.flatMap((part, index) => (found.has(part) ? [index] : []))
  }

  test('are the newest of them, where all are more than a vendor takes', async () => {
    expect(await shownOf(many(3, 9 * 1024 * 1024))).toEqual([1, 2])
    expect((await shownOf(many(120, 64))).slice(0, 2)).toEqual([20, 21])
  })

  test('are none that the wire cannot carry, or that nobody can read', async () => {
    expect(await shownOf(many(3, 64), () => false)).toEqual([])
    expect((await shownMedia({ messages: many(2, 64).map((part) => user(part)) }, () => true, {})).size).toBe(0)
  })

  test('are told in words where they are older', async () => {
    const pictures = many(3, 9 * 1024 * 1024)
    const asked = promptOf(...pictures.map((part) => user(part)))
    const { body, dropped } = anthropicRequest(asked, new Set(), await shownMedia(asked, () => true, { readBlob }))
    expect(body.messages[0]?.content).toMatchObject([
      { text: '[not shown: image image/png, 9.0 MB]' },
      { type: 'image' },
      { type: 'image' },
    ])
    expect(dropped).toEqual(['image', 'turns'])
  })
})
