import { describe, expect, test } from 'vitest'

import { openaiChatReader } from '../../../src/models/openai-chat-stream.ts'

const choice = (delta: object, finishReason: string | null = null): object => ({ choices: [{ delta, finish_reason: finishReason }] })
const call = (fields: object, index?: number): object =>
  choice({ tool_calls: [{ ...(index !== undefined && { index }), type: 'function', ...fields }] })

describe('an answer of a compatible server', () => {
  test('may give every tool call the same index, or none, as long as the ids differ', () => {
    for (const index of [0, undefined]) {
      const reader = openaiChatReader()
      reader.read(call({ id: 'call_A', function: { name: 'find', arguments: '{"a":1}' } }, index))
      reader.read(call({ id: 'call_B', function: { name: 'find', arguments: '{"a":' } }, index))
      reader.read(call({ function: { arguments: '2}' } }, index))
      reader.read(choice({}, 'tool_calls'))
      expect(reader.finished()?.parts).toEqual([
        { type: 'toolCall', id: 'call_A', name: 'find', argumentsText: '{"a":1}' },
        { type: 'toolCall', id: 'call_B', name: 'find', argumentsText: '{"a":2}' },
      ])
    }
  })

  test('may repeat id and name of a call with each of its pieces', () => {
    const reader = openaiChatReader()
    reader.read(call({ id: 'call_A', function: { name: 'find', arguments: '{' } }, 0))
    reader.read(call({ id: 'call_A', function: { name: 'find', arguments: '}' } }, 0))
    reader.read(choice({}, 'stop'))
    expect(reader.finished()?.parts).toEqual([{ type: 'toolCall', id: 'call_A', name: 'find', argumentsText: '{}' }])
  })

  test('is not understood without the id of a tool call, which its result has to name', () => {
    const reader = openaiChatReader()
    reader.read(call({ function: { name: 'find', arguments: '{}' } }, 0))
    expect(reader.read(choice({}, 'tool_calls'))).toMatchObject({ class: 'protocol', message: 'a tool call came without its id' })
  })

  test('is not understood where a field is of another kind, and the failure says which', () => {
    const failure = openaiChatReader().read(choice({ content: [{ type: 'text', text: 'Hello' }] }))
    expect(failure).toMatchObject({ class: 'protocol', message: expect.stringMatching(/choices\[0\]\.delta\.content/) as string })
  })

  test('may leave out all that is not needed', () => {
    const reader = openaiChatReader()
    for (const event of [
      {},
      { choices: null, usage: null },
      { choices: [{}] },
      choice({ content: 'Hi', reasoning_content: 'Hm' }),
      choice({}, 'stop'),
    ]) {
      expect(reader.read(event)).toBeUndefined()
    }
    expect(reader.finished()).toEqual({ end: 'answer', stop: 'stop', parts: [{ type: 'text', text: 'Hi' }] })
  })
})
