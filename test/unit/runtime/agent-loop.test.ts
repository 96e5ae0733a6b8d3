import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { scriptedModel } from '../../../src/models/model.scripted.ts'
import { answer, toolCalls } from '../../../src/models/script.ts'
import { defineAgent } from '../../../src/runtime/agent.ts'
import { defineTool } from '../../../src/tools/define-tool.ts'
import { openWorld } from '../../support/world.ts'

const lookup = defineTool({
  name: 'lookup_order',
  description: 'Finds an order',
  input: z.object({ id: z.string() }),
  output: z.object({ status: z.string() }),
  effect: 'read',
  execute: ({ id }) => Promise.resolve({ status: `order ${id} is on its way` }),
})

const support = defineAgent({ name: 'support', version: '1', instructions: 'Help.', models: ['scripted/one'], tools: [lookup] })

describe('an agent run', () => {
  test('calls the tool that the model asks for and answers with what it found', async () => {
    const models = {
      scripted: scriptedModel([toolCalls([{ name: 'lookup_order', arguments: { id: '17' } }]), answer('It is on its way.')]),
    }
    const { refold } = openWorld({ agents: [support], models })
    const run = await refold.start('support', { message: 'Where is my order 17?' })
    const view = await run.untilSettled()
    expect(view).toMatchObject({ state: 'awaitingMessage', waitsFor: 'message', answer: 'It is on its way.' })
    const types: string[] = []
    for await (const event of run.events()) {
      types.push(`${event.type} -> ${event.meta.to} ${(event.meta.intents ?? []).join(',')}`)
      if (event.revision === view.revision) break
    }
    console.log(types.join('\n'))
    expect(types).toHaveLength(9)
  })
})
