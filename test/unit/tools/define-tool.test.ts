import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { RunContext } from '../../../src/projections/run-context.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { toolDeclaration } from '../../../src/tools/tool-declaration.ts'
import type { ToolOptions } from '../../../src/tools/tool.ts'

const lookUp: ToolOptions<{ code: string }, string> = {
  name: 'look_up',
  description: 'Finds a reservation by its code',
  input: z.object({ code: z.string() }),
  output: z.string(),
  effect: 'read',
  execute: ({ code }) => Promise.resolve(`reservation ${code}`),
}

const run: RunContext = {
  runId: 'r',
  tenant: undefined,
  context: null,
  messageData: null,
  dependencies: {},
  projection: (projection) => projection.initial(),
}

describe('a tool', () => {
  test('has its documented defaults', () => {
    const tool = defineTool(lookUp)
    expect(tool).toMatchObject({
      timeoutMs: 30_000,
      maxOutputBytes: 1_048_576,
      concurrency: Infinity,
      ratePerSecond: Infinity,
      retry: { attempts: 3, baseDelayMs: 500, maxDelayMs: 30_000 },
    })
    expect(tool.approval({ code: 'X' }, run)).toBe(false)
  })

  test('keeps what it was given', () => {
    const tool = defineTool({ ...lookUp, timeoutMs: 5, retry: { attempts: 7 }, approval: ({ code }) => code === 'VIP', ratePerSecond: 0.5 })
    expect(tool).toMatchObject({ timeoutMs: 5, ratePerSecond: 0.5, retry: { attempts: 7, baseDelayMs: 500, maxDelayMs: 30_000 } })
    expect([tool.approval({ code: 'VIP' }, run), tool.approval({ code: 'X' }, run)]).toEqual([true, false])
    expect(defineTool({ ...lookUp, approval: true }).approval({ code: 'X' }, run)).toBe(true)
  })

  test.each<[string, Partial<ToolOptions<{ code: string }, string>>]>([
    ['name', { name: '' }],
    ['name', { name: 'look up' }],
    ['name', { name: 'a'.repeat(65) }],
    ['name', { name: 'größe' }],
    ['description', { description: '  ' }],
    ['timeoutMs', { timeoutMs: 0 }],
    ['timeoutMs', { timeoutMs: 1.5 }],
    ['timeoutMs', { timeoutMs: Infinity }],
    ['maxOutputBytes', { maxOutputBytes: NaN }],
    ['retry.attempts', { retry: { attempts: 0 } }],
    ['retry.baseDelayMs', { retry: { baseDelayMs: -1 } }],
    ['retry.maxDelayMs', { retry: { baseDelayMs: 100, maxDelayMs: 99 } }],
    ['concurrency', { concurrency: 0 }],
    ['ratePerSecond', { ratePerSecond: 0 }],
    ['ratePerSecond', { ratePerSecond: NaN }],
  ])('refuses a wrong %s: %o', (field, wrong) => {
    const named = expect.objectContaining({ field }) as unknown
    expect(() => defineTool({ ...lookUp, ...wrong })).toThrow(expect.objectContaining({ code: 'InvalidConfiguration', details: named }))
  })

  test.each<[string, z.ZodType, string]>([
    ['a date', z.object({ on: z.date() }), 'a Date at $.on'],
    ['a bigint', z.object({ amount: z.bigint() }), 'a BigInt at $.amount'],
    ['a text', z.string(), 'found "string"'],
    ['a union', z.union([z.object({ a: z.string() }), z.object({ b: z.string() })]), 'found "a union"'],
  ])('refuses %s as its input, since no model can be told', (_, input, message) => {
    const { name, description, output, effect } = lookUp
    const define = () => defineTool({ name, description, input, output, effect, execute: () => Promise.resolve('') })
    expect(define).toThrow(message)
    expect(define).toThrow(expect.objectContaining({ code: 'InvalidConfiguration' }))
  })
})

describe('the declaration of a tool', () => {
  test('is what the model has to write, as pure JSON', () => {
    const input = z.object({ code: z.string().describe('Six letters'), class: z.enum(['economy', 'business']).default('economy') })
    const tool = defineTool({ ...lookUp, input, execute: () => Promise.resolve('') })
    expect(toolDeclaration(tool)).toStrictEqual({
      name: 'look_up',
      description: 'Finds a reservation by its code',
      inputSchema: {
        type: 'object',
        properties: {
          code: { type: 'string', description: 'Six letters' },
          class: { default: 'economy', type: 'string', enum: ['economy', 'business'] },
        },
        required: ['code'],
      },
    })
  })
})
