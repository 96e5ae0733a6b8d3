import { textContent } from '../../../src/events/content.ts'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { ModelRequest } from '../../../src/models/model.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, failure, type ScriptedOutcome } from '../../../src/models/scripted/script.ts'
import type { AgentOptions } from '../../../src/runtime/agent-options.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { eventsOf, openWorld, settle } from '../../support/world.ts'

const USAGE = { inputTokens: 10, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens: 6_000, reasoningTokens: 0 }
const cut = failure('length', { usage: USAGE })

const open = (script: (request: ModelRequest, call: number) => ScriptedOutcome, options: Partial<AgentOptions<unknown>> = {}) => {
  const requests: ModelRequest[] = []
  const model = scriptedModel((request, call) => {
    requests.push(request)
    return script(request, call)
  })
  const agent = defineAgent({ name: 'a', version: '1', instructions: 'Help.', models: ['scripted/one', 'scripted/two'], ...options })
  return { world: openWorld({ agents: [agent], models: { scripted: model } }), requests }
}

describe('an answer that was cut at its limit', () => {
  test('is asked for once more, shorter and under a higher limit, and the log says so', async () => {
    const { world, requests } = open((_request, call) => (call === 1 ? cut : answer('Short.')))
    const run = await world.refold.start('a', { message: 'Tell me all.' })
    expect(await settle(world, run)).toMatchObject({ state: 'awaitingMessage', answer: 'Short.' })
    const failed = (await eventsOf(world, run.id)).find(({ type }) => type === 'ModelCallFailed')
    expect(failed?.data).toMatchObject({ class: 'length', next: 'retry', maxOutputTokens: 12_000 })
    expect(requests.map(({ settings }) => settings.maxOutputTokens)).toEqual([undefined, 12_000])
    expect(requests[1]?.messages.at(-1)).toMatchObject({ role: 'user', parts: textContent(expect.stringMatching(/fewer words/) as string) })
    expect((await run.verify()).ok).toBe(true)
  })

  test('doubles the limit that the agent has, and only for this call', async () => {
    const { world, requests } = open((_request, call) => (call === 1 ? cut : answer('Short.')), {
      modelSettings: { maxOutputTokens: 8_000 },
    })
    const run = await world.refold.start('a', { message: 'Tell me all.' })
    await settle(world, run)
    await run.send({ message: 'And more.' })
    await settle(world, run)
    expect(requests.map(({ settings }) => settings.maxOutputTokens)).toEqual([8_000, 16_000, 8_000])
  })

  test('goes to the next model when it is cut again, under the limit that the agent has, and then to a person', async () => {
    const { world, requests } = open(() => cut, { modelSettings: { maxOutputTokens: 8_000 } })
    const run = await world.refold.start('a', { message: 'Tell me all.' })
    expect(await settle(world, run)).toMatchObject({ state: 'escalated', waitsFor: 'human' })
    expect(requests.map(({ model, settings }) => `${model} ${settings.maxOutputTokens ?? 0}`)).toEqual([
      'one 8000',
      'one 16000',
      'two 8000',
      'two 16000',
    ])
  })
})

describe('a typed result', () => {
  const typed = { output: z.object({ city: z.string() }) }
  test.each([
    ['in a fence', '```json\n{"city": "Lyon"}\n```'],
    ['in a fence without a language', 'Here you are:\n```\n{"city": "Lyon"}\n```\nGood luck!'],
    ['with words around it', 'The result is {"city": "Lyon"}, as asked {so it seems}.'],
    ['behind braces that are none', 'I think {hm} it is {"city":"Lyon"}'],
    ['after thinking aloud', '<think>Maybe { or } or "</think>{"city":"Lyon"}'],
    ['with a fence inside', '{"city":"Lyon"}'],
  ])('is read %s', async (_how, text) => {
    const { world } = open(() => answer(text), typed)
    const run = await world.refold.start('a', { message: 'Which city?' })
    await settle(world, run)
    expect(await run.result()).toEqual({ city: 'Lyon' })
  })

  test.each(['no JSON', '```json\n{"city": "Lyon"\n```', '{"city"', '{'.repeat(5_000)])(
    'is asked for again where it is none: %#',
    async (text) => {
      const { world, requests } = open((_request, call) => (call === 1 ? answer(text) : answer('{"city":"Lyon"}')), typed)
      const run = await world.refold.start('a', { message: 'Which city?' })
      await settle(world, run)
      expect(await run.result()).toEqual({ city: 'Lyon' })
      expect(requests).toHaveLength(2)
    },
  )
})
