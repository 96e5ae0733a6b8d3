import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, toolCalls } from '../../../src/models/scripted/script.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { eventsOf, openWorld, settle } from '../../support/world.ts'

const orders = z.object({ id: z.string().trim(), size: z.string().transform(Number), urgent: z.boolean().default(false) })

const agentWith = (output: z.ZodType) => defineAgent({ name: 'clerk', version: '1', instructions: '', models: ['scripted/one'], output })

const answering = async (output: z.ZodType, ...answers: string[]) => {
  const world = openWorld({ agents: [agentWith(output)], models: { scripted: scriptedModel(answers.map((text) => answer(text))) } })
  const run = await world.refold.start('clerk', { message: 'Order' })
  return { world, run, view: await settle(world, run), events: await eventsOf(world, run.id) }
}

describe('the output of an agent', () => {
  test('is what its schema makes of the answer: defaults, transforms, and no other keys', async () => {
    const { run, view, events } = await answering(orders, '{"id":" 21 ","size":"4","note":"fast please"}')
    const result = { id: '21', size: 4, urgent: false }
    expect(await run.result()).toEqual(result)
    expect(view.output).toEqual(result)
    expect(events.flatMap(({ type, data }) => ('output' in data ? [[type, data.output]] : []))).toEqual([
      ['OutputAccepted', result],
      ['RunCompleted', result],
    ])
    expect((await run.verify()).ok).toBe(true)
  })

  test('that a transform makes into what JSON cannot carry is not accepted, with the place', async () => {
    const late = z.object({ when: z.string().transform((text) => (text.startsWith('2026') ? new Date(text) : text)) })
    const { view, events } = await answering(late, '{"when":"2026-01-01"}', '{"when":"2026-01-01"}', '{"when":"2026-01-01"}')
    expect(view.waitsFor).toBe('human')
    expect(events.find(({ type }) => type === 'OutputRejected')).toMatchObject({
      data: { reason: expect.stringContaining('at $.when, found a Date') as string },
    })
  })

  test('that a person gives has to fit, and is applied too', async () => {
    const { world, run } = await answering(orders, 'no', 'no', 'no')
    const wrong = run.complete({ by: 'ann', output: { id: '21' } })
    await expect(wrong).rejects.toMatchObject({ code: 'InvalidInput', message: expect.stringContaining('size') as string })
    await expect(run.complete({ by: 'ann' })).rejects.toMatchObject({ code: 'InvalidInput' })
    expect((await run.state()).status).toBe('active')
    await run.complete({ by: 'ann', output: { id: '21 ', size: '4', note: 'by hand' } })
    expect(await run.result()).toEqual({ id: '21', size: 4, urgent: false })
    expect((await eventsOf(world, run.id)).at(-1)).toMatchObject({ type: 'RunCompleted', data: { by: 'ann' } })
  })
})

describe('the output of a tool', () => {
  test('is what its schema makes of it', async () => {
    const look = defineTool({
      name: 'look',
      description: 'Looks',
      input: z.object({ id: z.string().transform(Number), depth: z.number().default(2) }),
      output: z.object({ price: z.number().default(0), name: z.string().trim() }),
      effect: 'read',
      execute: (input) =>
        Promise.resolve({ name: ` ${JSON.stringify(input)} `, secret: 'x' } as unknown as { name: string; price: number }),
    })
    const agent = defineAgent({ name: 'clerk', version: '1', instructions: '', models: ['scripted/one'], tools: [look] })
    const script = [toolCalls([{ name: 'look', arguments: { id: '7', other: true } }]), answer('Done.')]
    const world = openWorld({ agents: [agent], models: { scripted: scriptedModel(script) } })
    const run = await world.refold.start('clerk', { message: 'Look' })
    await settle(world, run)
    const events = await eventsOf(world, run.id)
    expect(events.find(({ type }) => type === 'ToolCallSucceeded')).toMatchObject({
      data: { output: { price: 0, name: '{"id":7,"depth":2}' } },
    })
    expect(JSON.stringify(events)).not.toContain('secret')
  })
})

class Money {
  readonly cents = 1
}

type Node = { readonly kids: readonly Node[]; readonly seen: ReadonlySet<string> }
const node: z.ZodType<Node> = z.object({ kids: z.lazy(() => z.array(node)), seen: z.set(z.string()) })

const impossible: [string, z.ZodType, string][] = [
  ['a date', z.object({ when: z.date() }), 'a Date at $.when'],
  ['a date behind a default', z.object({ when: z.date().optional() }), 'a Date at $.when'],
  ['a date out of a text', z.object({ when: z.string().pipe(z.coerce.date()) }), 'a Date at $.when'],
  [
    'a date that a codec makes',
    z.object({ when: z.codec(z.iso.datetime(), z.date(), { decode: (text) => new Date(text), encode: (date) => date.toISOString() }) }),
    'a Date at $.when',
  ],
  ['a BigInt', z.object({ amounts: z.array(z.bigint()) }), 'a BigInt at $.amounts[]'],
  ['a Map', z.object({ by: z.map(z.string(), z.string()) }), 'a Map at $.by'],
  ['a Set, deep in itself', z.object({ node }), 'a Set at $.node.seen'],
  ['NaN', z.object({ n: z.nan() }), 'NaN at $.n'],
  ['a symbol', z.object({ s: z.symbol() }), 'a symbol at $.s'],
  ['an instance', z.object({ price: z.instanceof(Money) }), 'an instance of Money at $.price'],
  ['one of several', z.object({ u: z.union([z.string(), z.date()]) }), 'a Date at $.u'],
  ['an async refinement', z.object({ id: z.string().refine(async () => true) }), 'answers later at $.id'],
  ['an async refinement of the whole', z.object({ id: z.string() }).refine(async () => true), 'answers later at $'],
  ['an async transform', z.object({ id: z.string().transform(async (id) => id) }), 'answers later at $.id'],
  ['an async preparation', z.object({ id: z.preprocess(async (id) => id, z.string()) }), 'answers later at $.id'],
  ['an async check', z.object({ id: z.string().check(async () => undefined) }), 'answers later at $.id'],
]

const toolOf = (input: z.ZodType, output: z.ZodType) =>
  defineTool<unknown, unknown>({ name: 'odd', description: 'Odd', input, output, effect: 'read', execute: () => Promise.resolve(null) })

describe('a schema that no call could pass is refused where it is defined', () => {
  test.each(impossible)('%s', (_, schema, found) => {
    const refused = expect.objectContaining({ code: 'InvalidConfiguration', message: expect.stringContaining(found) as string }) as unknown
    expect(() => toolOf(schema, z.string())).toThrow(refused)
    expect(() => toolOf(z.object({}), schema)).toThrow(refused)
    expect(() => agentWith(schema)).toThrow(refused)
  })

  test('and what JSON can carry is not', () => {
    const sound = z.object({
      when: z.iso.datetime(),
      tree: z.json(),
      sum: z.string().transform(Number),
      either: z.discriminatedUnion('kind', [z.object({ kind: z.literal('a') }), z.object({ kind: z.literal('b'), n: z.int().nullish() })]),
    })
    expect(() => toolOf(sound, z.void())).not.toThrow()
    expect(() => toolOf(z.object({}), sound)).not.toThrow()
    expect(() => toolOf(z.object({}), z.custom<number>())).not.toThrow()
    expect(() => agentWith(sound)).not.toThrow()
  })

  test('an output that no JSON Schema can describe is none for an agent', () => {
    expect(() => agentWith(z.object({ id: z.custom<string>() }))).toThrow(
      expect.objectContaining({ code: 'InvalidConfiguration', message: expect.stringContaining('JSON Schema') as string }) as Error,
    )
  })
})
