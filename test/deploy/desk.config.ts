import { contentText } from 'refold'
import { setTimeout as pause } from 'node:timers/promises'
import { answer, defineAgent, defineConfig, defineTool, scriptedModel, toolCalls } from 'refold'
import { z } from 'zod'

// An agent that asks before it pays, and takes a moment for everything. The service behind the names of `deploy/nginx.conf`.

const refund = defineTool({
  name: 'refund_order',
  description: 'Pays an order back',
  input: z.object({ id: z.string() }),
  output: z.string(),
  effect: 'idempotent',
  approval: true,
  execute: async ({ id }) => {
    await pause(100)
    return `refunded ${id}`
  },
})

const desk = defineAgent({ name: 'desk', version: '1', instructions: 'Help.', models: ['scripted/one'], tools: [refund] })

const script = scriptedModel(({ messages }) => {
  const last = messages.at(-1)
  if (last?.role === 'user' && contentText(last.parts).startsWith('refund'))
    return toolCalls([{ name: 'refund_order', arguments: { id: '17' } }])
  return answer('Gladly.')
})

export default defineConfig({
  dir: 'unused',
  agents: [desk],
  models: { scripted: script },
  http: { hosts: ['desk.example.com'], rateLimit: { perSecond: 10_000, burst: 10_000 } },
})
