import { describe, expect, test } from 'vitest'
import { z } from 'zod'

import type { JsonObject } from '../../../src/json.ts'
import { closed, isStrict } from '../../../src/models/wire/output-schema.ts'

const schemaOf = (type: z.ZodType, io: 'input' | 'output' = 'output'): JsonObject => z.toJSONSchema(type, { io }) as unknown as JsonObject

const order = z.object({ id: z.string(), lines: z.array(z.object({ sku: z.string(), note: z.nullable(z.string()) })) })

describe('the schema of an answer', () => {
  test('is strict when every object is closed and every property required', () => {
    expect(isStrict(schemaOf(order))).toBe(true)
  })

  test.each([
    ['an open object', schemaOf(order, 'input')],
    ['an optional property', schemaOf(z.object({ id: z.string().optional() }))],
    ['an optional property, deep inside', schemaOf(z.object({ either: z.union([z.string(), z.object({ a: z.string().optional() })]) }))],
    ['any keys', schemaOf(z.object({ byName: z.record(z.string(), z.string()) }))],
  ])('is not strict with %s', (_what, schema) => {
    expect(isStrict(schema)).toBe(false)
  })

  test('is closed for the vendor that demands it, at every depth', () => {
    expect(isStrict(closed(schemaOf(order, 'input')))).toBe(true)
  })

  test('is left alone where it says what other keys may be', () => {
    const schema = schemaOf(z.object({ byName: z.record(z.string(), z.string()) }))
    expect(closed(schema)).toEqual(schema)
  })

  test('may have a property whose name is a keyword', () => {
    const schema = { type: 'object', properties: { items: { type: 'string' }, properties: { type: 'object', properties: {} } } }
    expect(closed(schema)).toEqual({
      type: 'object',
      properties: { items: { type: 'string' }, properties: { type: 'object', properties: {}, additionalProperties: false } },
      additionalProperties: false,
    })
  })
})
