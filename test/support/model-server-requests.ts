import { textContent } from '../../src/events/content.ts'
import type { Message } from '../../src/events/message.ts'
import type { ModelCallOptions, ModelRequest } from '../../src/models/model.ts'

export const promptOf = (...messages: readonly Message[]): ModelRequest => ({
  model: 'model-1',
  instructions: 'Be brief.',
  messages,
  tools: [],
  toolChoice: 'auto',
  settings: {},
})

export const patiently = (): ModelCallOptions => ({ signal: new AbortController().signal, timeoutMs: 5000 })

/** A conversation with one of everything. */
export const CONVERSATION: ModelRequest = {
  model: 'model-1',
  instructions: 'Be brief.',
  messages: [
    { role: 'user', parts: textContent('Find A and B.') },
    {
      role: 'assistant',
      parts: [
        { type: 'opaque', vendor: 'openai', content: { type: 'reasoning', id: 'rs_1', encrypted_content: 'xyz', summary: [] } },
        { type: 'opaque', vendor: 'anthropic', content: { type: 'thinking', thinking: 'Hm.', signature: 'abc==' } },
        { type: 'toolCall', id: 'call_A', name: 'find', argumentsText: '{"b" : 1.0,"a":"A"}' },
        { type: 'toolCall', id: 'call_B', name: 'find', argumentsText: '{"b": 2' },
      ],
    },
    { role: 'tool', id: 'call_A', name: 'find', parts: textContent('found A'), isError: false },
    { role: 'tool', id: 'call_B', name: 'find', parts: textContent('no such thing'), isError: true },
    {
      role: 'assistant',
      parts: [
        { type: 'text', text: 'Here ' },
        { type: 'text', text: 'is A.' },
      ],
    },
    { role: 'user', parts: textContent('Thanks.') },
  ],
  tools: [{ name: 'find', description: 'Finds a thing.', inputSchema: { type: 'object', properties: { a: { type: 'string' } } } }],
  toolChoice: 'none',
  output: { name: 'reply', schema: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] } },
  settings: { maxOutputTokens: 500, temperature: 0.2, topP: 0.9, seed: 7, reasoningEffort: 'low' },
}
