import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { textContent, type ContentPart } from '../../../src/events/content.ts'
import type { GivenContent } from '../../../src/events/given-content.ts'
import { sha256 } from '../../../src/hash.ts'
import type { ModelRequest } from '../../../src/models/model.ts'
import { answer, toolCalls } from '../../../src/models/scripted/script.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { withContent, type ToolContext, type ToolOptions, type WithContent } from '../../../src/tools/tool.ts'
import { otherPng, PNG } from '../../support/pictures.ts'
import { eventsOf, openWorld, settle, type World } from '../../support/world.ts'

const output = z.strictObject({ taken: z.number() })
type Output = z.infer<typeof output>

const picture: ContentPart = {
  type: 'image',
  source: { type: 'blob', hash: sha256(PNG), mediaType: 'image/png', bytes: PNG.byteLength },
  alt: 'the door',
}
const photograph: GivenContent = [
  { type: 'text', text: 'One picture.' },
  { type: 'image', source: { type: 'bytes', data: PNG }, alt: 'the door' },
]

const requests: ModelRequest[] = []
const open = (
  execute: (context: ToolContext) => Output | WithContent<Output>,
  more: Partial<ToolOptions<{ nth?: number | undefined }, Output>> = {},
): World => {
  const camera = defineTool({
    name: 'camera',
    description: 'Takes a picture',
    input: z.object({ nth: z.number().optional() }),
    output,
    effect: 'read',
    execute: (_, context) => Promise.resolve(execute(context)),
    ...more,
  })
  const agent = defineAgent({ name: 'guard', version: '1', instructions: 'Watch.', models: ['scripted/one'], tools: [camera] })
  requests.length = 0
  const model = scriptedModel((request) => {
    requests.push(request)
    const calls = request.messages.filter(({ role }) => role === 'tool').length
    return calls < 2 && request.messages.at(-1)?.role === 'user'
      ? toolCalls([{ name: 'camera', arguments: { nth: calls } }])
      : answer('Seen.')
  })
  return openWorld({ agents: [agent], models: { scripted: model } })
}
const run = async (world: World, message: GivenContent = 'Look') => {
  const started = await world.refold.start('guard', { runId: 'one', message })
  return { started, view: await settle(world, started), events: await eventsOf(world, 'one') }
}

describe('what a tool brings with a content', () => {
  test('is its output for the log, and the content for the model', async () => {
    const world = open(() => withContent({ taken: 1 }, photograph))
    const { started, view, events } = await run(world)
    const parts = [{ type: 'text', text: 'One picture.' }, picture]
    expect(events.find(({ type }) => type === 'ToolCallSucceeded')).toMatchObject({
      data: { output: { taken: 1 }, content: parts },
      meta: { media: [sha256(PNG)] },
    })
    expect(view.transcript[2]).toMatchObject({ role: 'tool', name: 'camera', parts, isError: false })
    expect(requests[1]?.messages[2]).toMatchObject({ role: 'tool', parts })
    expect(sha256(await world.blobs.getBytes(sha256(PNG)))).toBe(sha256(PNG))
    expect(await started.verify()).toMatchObject({ ok: true })
  })

  test('may be another text than its output', async () => {
    const { view } = await run(open(() => withContent({ taken: 1 }, 'I took one.')))
    expect(view.transcript[2]).toMatchObject({ parts: textContent('I took one.') })
  })

  test('has to fit the schema of its output all the same', async () => {
    const { view } = await run(open(() => withContent({ taken: 'one' } as unknown as Output, photograph)))
    expect(view.transcript[2]).toMatchObject({ isError: true, parts: [{ text: expect.stringContaining('invalid output') as string }] })
  })

  test.each<[string, GivenContent, RegExp]>([
    ['is none', [{ type: 'image', source: { type: 'bytes', data: 'not base64!' } }], /invalid content.*content\.0/],
    ['is too large', [{ type: 'image', source: { type: 'bytes', data: otherPng(11 * 1024 * 1024) } }], /invalid content.*10485760/],
  ])('fails where the content %s', async (_what, content, told) => {
    const world = open(() => withContent({ taken: 1 }, content))
    const { view } = await run(world)
    expect(view.transcript[2]).toMatchObject({ isError: true, parts: [{ text: expect.stringMatching(told) as string }] })
  })

  test('has happened where the content of a call that changes something cannot be read', async () => {
    const { events } = await run(open(() => withContent({ taken: 1 }, []), { effect: 'once' }))
    expect(events.find(({ type }) => type === 'ToolCallSucceeded')?.data).toMatchObject({
      output: null,
      note: expect.stringMatching(/It happened, but its answer cannot be read/) as string,
    })
  })

  test('is told again to a later call of the same act', async () => {
    const world = open(() => withContent({ taken: 1 }, photograph), { effect: 'idempotent', idempotencyKey: () => 'door' })
    const { started } = await run(world)
    await started.send({ message: 'Again' })
    const view = await settle(world, started)
    expect(view.transcript.filter(({ role }) => role === 'tool')).toMatchObject([
      { parts: [{ type: 'text' }, picture] },
      {
        isError: false,
        parts: [{ type: 'text', text: 'One picture.' }, picture, { text: expect.stringContaining('not done again') as string }],
      },
    ])
  })

  test('may come from a look-up', async () => {
    let tries = 0
    const world = open(
      () => {
        tries += 1
        throw new Error('lost')
      },
      { effect: 'once', lookup: () => Promise.resolve({ found: 'succeeded', output: withContent({ taken: tries }, photograph) }) },
    )
    const { view } = await run(world)
    expect(view.transcript[2]).toMatchObject({ isError: false, parts: [{ type: 'text', text: 'One picture.' }, picture] })
  })
})

describe('a content that names bytes by their hash', () => {
  const naming = (hash: string): GivenContent => [
    { type: 'image', source: { type: 'blob', hash, mediaType: 'image/png', bytes: PNG.byteLength } },
  ]

  test('may name what was said in the run', async () => {
    const world = open(() => withContent({ taken: 1 }, naming(sha256(PNG))))
    const { view } = await run(world, photograph)
    expect(view.transcript[2]).toMatchObject({ isError: false, parts: naming(sha256(PNG)) })
  })

  test.each<[string, 'read' | 'once', boolean]>([
    ['of another run', 'read', true],
    ['of another run, also by a call that changes something', 'once', true],
    ['that nobody has stored', 'read', false],
  ])('names none %s: a model may have guessed it', async (_what, effect, isStored) => {
    const world = open(() => withContent({ taken: 1 }, naming(sha256(otherPng()))), { effect })
    if (isStored) await world.blobs.put(otherPng())
    const { view, events } = await run(world)
    expect(JSON.stringify(events)).not.toContain('"content"')
    expect(JSON.stringify(view.transcript[2])).toMatch(/invalid content.*a blob that was said in this run|cannot be read/)
    expect(view).toMatchObject({ status: 'active' })
    expect(requests).toHaveLength(2)
  })

  test('names none of another run in a look-up', async () => {
    const lookup = () => Promise.resolve({ found: 'succeeded' as const, output: withContent({ taken: 1 }, naming(sha256(otherPng()))) })
    const world = open(
      () => {
        throw new Error('lost')
      },
      { effect: 'once', lookup },
    )
    await world.blobs.put(otherPng())
    const { events } = await run(world)
    expect(events.find(({ type }) => type === 'ToolCallSucceeded')?.data).toMatchObject({ output: null })
    expect(JSON.stringify(events)).not.toContain('"content"')
  })
})

describe('a tool', () => {
  test('sees what users have sent, and may read it, but nothing that was not said in its run', async () => {
    const seen: unknown[] = []
    const world = open(() => ({ taken: 0 }), {
      execute: async (_, { attachments, readBlob }) => {
        const [first] = attachments
        if (first?.source.type !== 'blob') throw new Error('expected a blob')
        seen.push(first, sha256(await readBlob(first.source)))
        await readBlob({ ...first.source, hash: strangers }).catch((error: unknown) => seen.push(error))
        return { taken: attachments.length }
      },
    })
    const strangers = await world.blobs.put(otherPng())
    const { events } = await run(world, photograph)
    expect(seen).toEqual([picture, sha256(PNG), expect.objectContaining({ code: 'InvalidInput' })])
    expect(events.find(({ type }) => type === 'ToolCallSucceeded')?.data).toMatchObject({ output: { taken: 1 } })
  })
})
