import { setTimeout as pause } from 'node:timers/promises'
import { answer, defineAgent, defineConfig, defineTool, scriptedModel, toolCalls } from 'refold'
import { z } from 'zod'

const dawdle = defineTool({
  name: 'dawdle',
  description: 'Takes its time',
  input: z.object({}),
  output: z.string(),
  effect: 'once',
  execute: async () => {
    await pause(1_500)
    return 'x'.repeat(20_000)
  },
})

const slow = defineAgent({ name: 'slow', version: '1', instructions: 'Dawdle.', models: ['scripted/one'], tools: [dawdle] })
const script = scriptedModel(({ messages }) =>
  messages.at(-1)?.role === 'tool' ? answer('Done.') : toolCalls([{ name: 'dawdle', arguments: {} }]),
)

export default defineConfig({ dir: 'data', agents: [slow], models: { scripted: script } })
