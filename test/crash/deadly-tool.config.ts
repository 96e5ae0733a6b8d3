import { answer, defineAgent, defineConfig, defineTool, scriptedModel, toolCalls } from 'refold'
import { z } from 'zod'

const convert = defineTool({
  name: 'convert',
  description: 'Converts a picture, or ends its process at it',
  input: z.object({}),
  output: z.string(),
  effect: 'idempotent',
  execute: () => process.exit(1),
})

const desk = defineAgent({ name: 'desk', version: '1', instructions: 'Convert.', models: ['scripted/one'], tools: [convert] })
const script = scriptedModel(({ messages }) =>
  messages.at(-1)?.role === 'tool' ? answer('It cannot be done.') : toolCalls([{ name: 'convert', arguments: {} }]),
)

export default defineConfig({ dir: 'data', agents: [desk], models: { scripted: script } })
