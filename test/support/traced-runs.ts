import { z } from 'zod'
import type { Models } from '../../src/models/model.ts'
import { answer, toolCalls } from '../../src/models/scripted/script.ts'
import { scriptedModel } from '../../src/models/scripted/scripted-model.ts'
import { defineAgent } from '../../src/runtime/agent.ts'
import { defineTool } from '../../src/tools/define-tool.ts'

/** One that looks something up, then answers. */
export const fixedAgent = defineAgent({
  name: 'fixed',
  version: '1',
  instructions: 'Answer.',
  models: ['scripted/one'],
  tools: [
    defineTool({
      name: 'weather',
      description: 'What the weather is.',
      input: z.object({ city: z.string() }),
      output: z.object({ city: z.string(), sky: z.string() }),
      effect: 'read',
      execute: ({ city }) => Promise.resolve({ city, sky: 'blue' }),
    }),
  ],
})

/** Each of the answers once, with a call of the tool before the first. */
export const saying = (...texts: readonly string[]): Models => {
  let asked = 0
  return {
    scripted: scriptedModel(() => {
      asked += 1
      return asked === 1
        ? toolCalls([{ name: 'weather', arguments: { city: 'Paris' } }])
        : answer(texts[Math.min(asked - 2, texts.length - 1)] ?? '')
    }),
  }
}
