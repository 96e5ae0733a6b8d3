import { describe, expect, test } from 'vitest'

import { anthropicRequest } from '../../../src/models/anthropic/request.ts'
import { anthropicReader } from '../../../src/models/anthropic/stream.ts'
import { CONVERSATION, promptOf } from '../../support/model-server-requests.ts'

describe('a request to Messages', () => {
  test('asks for one tool call at a time, if it is told to and there are tools', () => {
    const request = { ...CONVERSATION, toolChoice: 'auto' as const, settings: { parallelToolCalls: false } }
    expect(anthropicRequest(request).body).toMatchObject({ tool_choice: { type: 'auto', disable_parallel_tool_use: true } })
    expect(anthropicRequest({ ...request, messages: [{ role: 'user', text: 'Hello' }], tools: [] }).body).not.toHaveProperty('tool_choice')
    expect(anthropicRequest({ ...request, toolChoice: 'none' }).body).toMatchObject({ tool_choice: { type: 'none' } })
  })

  test('carries every kind of part, in turns that alternate', () => {
    const { body, dropped } = anthropicRequest(CONVERSATION)
    expect(body).toEqual({
      model: 'model-1',
      max_tokens: 500,
      cache_control: { type: 'ephemeral' },
      system: 'Be brief.',
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'Find A and B.' }] },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'Hm.', signature: 'abc==' },
            { type: 'tool_use', id: 'call_A', name: 'find', input: { b: 1, a: 'A' } },
            { type: 'tool_use', id: 'call_B', name: 'find', input: { INVALID_JSON: '{"b": 2' } },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'call_A', content: 'found A' },
            { type: 'tool_result', tool_use_id: 'call_B', content: 'no such thing', is_error: true },
          ],
        },
        {
          role: 'assistant',
          content: [{ type: 'text', text: 'Here is A.' }],
        },
        { role: 'user', content: [{ type: 'text', text: 'Thanks.' }] },
      ],
      tools: [{ name: 'find', description: 'Finds a thing.', input_schema: { type: 'object', properties: { a: { type: 'string' } } } }],
      tool_choice: { type: 'none' },
      output_config: {
        effort: 'low',
        format: {
          type: 'json_schema',
          schema: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'], additionalProperties: false },
        },
      },
      stream: true,
    })
    expect(dropped).toEqual(['temperature', 'topP', 'seed', 'arguments', 'opaque:openai'])
  })

  test('leaves out blocks and turns that the vendor refuses as empty', () => {
    const { body } = anthropicRequest(
      promptOf(
        { role: 'user', text: 'Hello' },
        { role: 'assistant', parts: [{ type: 'text', text: ' \n' }] },
        { role: 'user', text: 'Are you there?' },
      ),
    )
    expect(body.messages).toEqual([
      {
        role: 'user',
        content: [{ type: 'text', text: 'Hello\n\nAre you there?' }],
      },
    ])
  })

  test('shows the model the arguments that were no object', () => {
    const call = { type: 'toolCall' as const, id: 'call_A', name: 'find', argumentsText: '["A"]' }
    const { body } = anthropicRequest(promptOf({ role: 'assistant', parts: [call] }))
    expect(body.messages[1]).toMatchObject({ content: [{ input: { INVALID_JSON: '["A"]' } }] })
  })
})

describe('an answer of Messages', () => {
  test('with a tool call without arguments has the empty object that its block begins with', () => {
    const reader = anthropicReader()
    for (const event of [
      { type: 'message_start', message: { id: 'msg_1', model: 'm' } },
      { type: 'content_block_start', index: 0, content_block: { type: 'tool_use', id: 'toolu_1', name: 'now', input: {} } },
      { type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: '' } },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: 'tool_use' } },
      { type: 'message_stop' },
    ]) {
      expect(reader.read(event)).toBeUndefined()
    }
    expect(reader.finished()?.parts).toEqual([{ type: 'toolCall', id: 'toolu_1', name: 'now', argumentsText: '{}' }])
  })

  test('that stops without a reason is no answer', () => {
    expect(anthropicReader().read({ type: 'message_stop' })).toMatchObject({ class: 'protocol' })
  })

  test('with a piece of a block that never began is no answer', () => {
    const event = { type: 'content_block_delta', index: 3, delta: { type: 'text_delta', text: 'x' } }
    expect(anthropicReader().read(event)).toMatchObject({ class: 'protocol', message: expect.stringMatching(/block 3/) as string })
  })
})
