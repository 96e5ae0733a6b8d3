import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { jsonShapeProblem } from '../../../src/tools/json-shape.ts'

class Money {
  readonly amount: number
  constructor(amount: number) {
    this.amount = amount
  }
  toJSON(): number {
    return this.amount
  }
}

let asked = 0
const isFree = async (name: string): Promise<boolean> => {
  const isTaken = name.startsWith('taken')
  asked += 1
  return Promise.resolve(!isTaken)
}

const refinedLater = z.string().superRefine(async (name, context) => {
  if (!(await isFree(name))) context.addIssue('taken')
})
const promising = z.string().superRefine((name, context) =>
  isFree(name).then((free) => {
    if (!free) context.addIssue('taken')
  }),
)

describe('a schema', () => {
  const nested: z.ZodType = z.object({
    get next(): z.ZodType {
      return nested.optional()
    },
  })

  test.each<[string, z.ZodType, string]>([
    ['a superRefine that waits', refinedLater, 'a check or transform that answers later at $'],
    ['a superRefine that promises', z.object({ name: promising.optional() }), 'a check or transform that answers later at $.name'],
    ['a superRefine of the whole that waits', z.object({ a: z.string() }).superRefine(async () => Promise.resolve()), 'answers later at $'],
    ['a check that waits', z.array(z.number().check(async () => Promise.resolve())), 'answers later at $[]'],
    ['a transform to a class', z.object({ price: z.number().transform((amount) => new Money(amount)) }), 'an instance of Money at $.price'],
    ['a transform to a date', z.iso.date().transform((text) => new Date(text)), 'an instance of Date at $'],
    [
      'a transform to a map inside',
      z
        .string()
        .min(10)
        .transform((text) => ({ by: [new Map([[text, 1]])] })),
      'an instance of Map at $.by[]',
    ],
    ['a transform of an object', z.object({ id: z.uuid(), n: z.number().min(5) }).transform(({ n }) => BigInt(n)), 'a BigInt at $'],
    ['never', z.never(), 'a z.never at $, so that no value fits'],
    ['never where it has to be', z.object({ a: z.string(), b: z.object({ c: z.never() }) }), 'a z.never at $.b.c'],
    ['never in each of its kinds', z.union([z.never(), z.tuple([z.string(), z.never()])]), 'a z.never at $'],
    ['never of one side', z.intersection(z.object({}), z.never()), 'a z.never at $'],
  ])('with %s can be the shape of no JSON', (_, schema, problem) => {
    expect(jsonShapeProblem(schema, 'output')).toContain(problem)
  })

  test.each<[string, z.ZodType]>([
    [
      'a superRefine that answers at once',
      z.string().superRefine((name, context) => {
        if (name === '') context.addIssue('empty')
      }),
    ],
    [
      'a check that counts on what it gets',
      z.object({ a: z.string() }).superRefine(({ a }, context) => {
        if (a.length > 3) context.addIssue('long')
      }),
    ],
    ['a transform to JSON', z.object({ a: z.string().transform((text) => text.length) }).transform(({ a }) => ({ a: [a, null] }))],
    ['a transform that throws at what it does not know', z.string().transform((text) => JSON.parse(text) as unknown)],
    [
      'a transform of what no sample fits',
      z
        .string()
        .regex(/^[A-Z]{2}-\d{7}$/)
        .transform((text) => new Money(text.length)),
    ],
    [
      'a class on its way to JSON',
      z
        .number()
        .transform((amount) => new Money(amount))
        .transform(({ amount }) => amount),
    ],
    ['never where it may be left out', z.strictObject({ a: z.never().optional() })],
    ['never among its kinds', z.union([z.never(), z.string()])],
    ['nothing but an empty list', z.array(z.never())],
    ['itself inside', nested],
  ])('with %s may be', (_, schema) => {
    expect(jsonShapeProblem(schema, 'input')).toBeUndefined()
    expect(jsonShapeProblem(schema, 'output')).toBeUndefined()
  })

  test('that waits is asked, and does nothing with what it is asked about', async () => {
    asked = 0
    expect(jsonShapeProblem(refinedLater, 'input')).toContain('answers later')
    await new Promise((resolve) => setImmediate(resolve))
    expect(asked).toBe(0)
  })
})

describe('a definition', () => {
  const money = z.number().transform((amount) => new Money(amount))
  const tool = { name: 'pay', description: 'Pays.', effect: 'read' as const }

  test('of a tool says what was expected and what was found, and where', () => {
    const input = z.object({ name: refinedLater })
    expect(() => defineTool({ ...tool, input, output: z.string(), execute: () => Promise.resolve('') })).toThrow(
      /tool "pay": input has to be what JSON can carry and can be checked at once, found .*answers later at \$\.name/,
    )
    const given = z.object({ price: money })
    expect(() => defineTool({ ...tool, input: given, output: z.string(), execute: () => Promise.resolve('') })).toThrow(
      'an instance of Money at $.price',
    )
    const output = z.object({ price: z.never() })
    expect(() => defineTool({ ...tool, input: z.object({}), output, execute: () => Promise.reject(new Error('never')) })).toThrow(
      'a z.never at $.price',
    )
  })

  test('of an agent does so for its output', () => {
    const agent = { name: 'clerk', version: '1', instructions: '', models: ['scripted/m'] }
    expect(() => defineAgent({ ...agent, output: z.object({ price: money }) })).toThrow(
      /agent "clerk": output .*found an instance of Money at \$\.price/,
    )
    expect(() => defineAgent({ ...agent, output: refinedLater })).toThrow('answers later at $')
    expect(() => defineAgent({ ...agent, output: z.never() })).toThrow('a z.never at $')
  })
})
