import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { memoryBlobStore } from '../../../src/blobs/blob-store.memory.ts'
import { decodeEvent, payloadsIn, type StoredTexts } from '../../../src/events/codec.ts'
import { textContent } from '../../../src/events/content.ts'
import { quickShape } from '../../../src/events/quick-shape.ts'
import { dataSchemas } from '../../../src/events/run-events.ts'
import { readEventField, readOneEvent } from '../../../src/http/one-event.ts'
import { outlineRow } from '../../../src/projections/outline-row.ts'
import { isAppError } from '../../../src/errors.ts'

const LONG = 'x'.repeat(200_000)
const meta = {
  hash: '0'.repeat(64),
  version: 1,
  at: 1,
  agent: 'desk@1',
  chartHash: 'c',
  correlationId: 'one',
  to: 'awaitingMessage',
}
const stored = (texts: Partial<StoredTexts>) => ({
  id: 'e',
  stream: 'run.aa-one',
  revision: 1,
  position: 7,
  storedAt: 1,
  type: 'MessageReceived',
  data: '{}',
  meta: JSON.stringify(meta),
  ...texts,
})

describe('an event of before there were parts, whose long text is stored apart', () => {
  const withLongText = async (type: string, more: Readonly<Record<string, unknown>> = {}) => {
    const blobs = memoryBlobStore()
    const payload = JSON.stringify(LONG)
    const hash = await blobs.put(payload)
    const data = JSON.stringify({ ...more, text: { blob: hash, length: payload.length } })
    const event = stored({ type, data, meta: JSON.stringify({ ...meta, blobs: ['text'] }) })
    const readStream = async function* () {
      yield await Promise.resolve(event)
    }
    return { event, hash, payload, parts: { log: { readStream }, blobs } as unknown as Parameters<typeof readOneEvent>[0] }
  }

  test.each(['MessageReceived', 'InputAccepted', 'OutputAccepted', 'HumanAnswerReceived'])('is read as parts: %s', async (type) => {
    const { event, hash, payload, parts } = await withLongText(type, { redacted: true })
    expect(payloadsIn(event)).toEqual([hash])
    expect(decodeEvent(event, new Map([[hash, payload]]))).toMatchObject({
      data: { redacted: true, parts: textContent(LONG) },
      meta: { version: 1, blobs: ['text'] },
    })
    const one = await readOneEvent(parts, 'one', 1)
    expect(one).toMatchObject({ event: { data: { redacted: true } }, large: [{ field: 'parts', length: payload.length }] })
    expect(one.event.data).toEqual({ redacted: true })
    expect(await readEventField(parts, { runId: 'one', revision: 1, field: 'parts' })).toEqual({ field: 'parts', value: textContent(LONG) })
    expect(outlineRow(decodeEvent(event, new Map()), () => undefined)).toMatchObject({
      large: ['parts'],
      summary: expect.stringContaining('stored apart') as string,
    })
  })
})

describe('a text that is no event', () => {
  const broken: Partial<StoredTexts>[] = [
    { meta: 'null' },
    { meta: '[]' },
    { meta: '"x"' },
    { data: 'null' },
    { data: '3' },
    { data: '[]' },
    { data: '{' },
    { meta: '{"version":"1"}' },
    { meta: '{}' },
    { meta: '{"version":0}' },
    { meta: '{"version":1,"blobs":"x"}' },
    { meta: '{"version":1,"blobs":["data"]}' },
    { meta: '{"version":2,"blobs":["data"]}', data: '{"data":{"blob":3}}' },
    { meta: '{"version":2,"blobs":[3]}' },
    { meta: '{"version":2,"blobs":["toString"]}' },
  ]
  test.each(broken)('is refused as a corrupt log: %o', (texts) => {
    const errors = [() => decodeEvent(stored(texts), new Map()), () => payloadsIn(stored(texts))].map((read) => {
      try {
        read()
        return undefined
      } catch (error) {
        return error
      }
    })
    expect(errors[0]).toMatchObject({ code: 'EventLogCorrupt', message: expect.stringContaining('run.aa-one@1') as string })
    expect(errors[1] === undefined || isAppError(errors[1], 'EventLogCorrupt')).toBe(true)
  })
})

describe('the quick look at the shape of an event', () => {
  const folder = new URL('../../replay/histories/0.1.0/', import.meta.url)
  const recorded = readdirSync(folder).flatMap((file) =>
    readFileSync(new URL(file, folder), 'utf8')
      .split('\n')
      .flatMap((line) => (line === '' ? [] : [decodeEvent(JSON.parse(line) as StoredTexts, new Map())])),
  )
  const samples = [...Map.groupBy(recorded, ({ type }) => type).values()].flatMap((events) => events.slice(0, 6))
  const others = [undefined, null, true, -1, 0, 0.5, 2 ** 53, Number.NaN, '', 'x', [], [null], Array(1), {}, { type: 'text' }]

  /** The value with another one in the place of one of its parts, or with one member more. */
  function* changed(value: unknown): Generator {
    yield* others
    if (typeof value !== 'object' || value === null) return
    if (!Array.isArray(value)) yield { ...value, more: 1 }
    for (const [name, part] of Object.entries(value))
      for (const other of changed(part))
        yield Array.isArray(value) ? value.with(Number(name), other) : Object.fromEntries([...Object.entries(value), [name, other]])
    for (const name of Object.keys(value)) yield Object.fromEntries(Object.entries(value).filter(([other]) => other !== name))
  }

  test('accepts nothing that the schema refuses', () => {
    const accepted = new Set<string>()
    for (const { type, data } of samples) {
      const accepts = quickShape(dataSchemas[type])
      for (const value of [data, ...changed(data)]) {
        if (!accepts(value)) continue
        accepted.add(type)
        expect([type, value, dataSchemas[type].safeParse(value).success]).toEqual([type, value, true])
      }
    }
    expect(accepted.size).toBeGreaterThan(15)
  })

  test('knows those that every step records', () => {
    const often = samples.filter(({ type }) => /^(ModelCall|ToolCall)(Requested|Succeeded)$/.test(type))
    expect(often.filter(({ type, data }) => !quickShape(dataSchemas[type])(data))).toEqual([])
    expect(often).toHaveLength(24)
  })
})
