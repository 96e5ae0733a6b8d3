import { describe, expect, test } from 'vitest'
import { scriptedModel } from '../../../src/models/model.scripted.ts'
import { answer, toolCalls, type ModelScript } from '../../../src/models/script.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { eventsOf, openWorld, settle } from '../../support/world.ts'

const hasty = defineAgent({
  name: 'hasty',
  version: '1',
  instructions: 'Be quick.',
  models: ['scripted/one'],
  limits: { iterationsPerTurn: 1 },
})

const open = (script: ModelScript) => openWorld({ agents: [hasty], models: { scripted: scriptedModel(script) } })

const unknownTool = (text = '') => toolCalls([{ name: 'search', arguments: {} }], text)

describe('a run that wraps up', () => {
  test('takes the text of a model that still calls tools, and leaves the calls out of later prompts', async () => {
    const world = open([unknownTool(), unknownTool('This is what I have.'), answer('More.')])
    const run = await world.refold.start('hasty', { message: 'Find it.' })
    const view = await settle(world, run)
    expect(view).toMatchObject({ state: 'escalated', answer: 'This is what I have.', toolCalls: [] })
    expect(view.transcript.at(-1)).toEqual({ role: 'assistant', parts: [{ type: 'text', text: 'This is what I have.' }] })
  })

  test('takes tool calls alone for an empty answer, which it asks for once more', async () => {
    const world = open([unknownTool(), unknownTool(), answer('So far nothing.')])
    const run = await world.refold.start('hasty', { message: 'Find it.' })
    expect((await settle(world, run)).answer).toBe('So far nothing.')
    const failures = (await eventsOf(world, run.id)).flatMap((event) => (event.type === 'ModelCallFailed' ? [event.data.class] : []))
    expect(failures).toEqual(['empty'])
  })
})
