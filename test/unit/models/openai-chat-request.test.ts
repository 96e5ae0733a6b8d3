import { textContent } from '../../../src/events/content.ts'
import { describe, expect, test } from 'vitest'

import { chatDialect } from '../../../src/models/openai/chat-dialect.ts'
import { openaiChatRequest } from '../../../src/models/openai/chat-request.ts'
import { CONVERSATION, promptOf } from '../../support/model-server-requests.ts'

const OPENAI = chatDialect(undefined)
const LOCAL = chatDialect('http://localhost:11434/v1')

describe('a request to Chat Completions', () => {
  test('carries every kind of part', () => {
    const { body, dropped } = openaiChatRequest(CONVERSATION, OPENAI)
    expect(body).toEqual({
      model: 'model-1',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Find A and B.' },
        {
          role: 'assistant',
          content: null,
          tool_calls: [
            { id: 'call_A', type: 'function', function: { name: 'find', arguments: '{"b" : 1.0,"a":"A"}' } },
            { id: 'call_B', type: 'function', function: { name: 'find', arguments: '{"INVALID_JSON":"{\\"b\\": 2"}' } },
          ],
        },
        { role: 'tool', tool_call_id: 'call_A', content: 'found A' },
        { role: 'tool', tool_call_id: 'call_B', content: 'Error: no such thing' },
        { role: 'assistant', content: 'Here is A.' },
        { role: 'user', content: 'Thanks.' },
      ],
      tools: [
        {
          type: 'function',
          function: {
            name: 'find',
            description: 'Finds a thing.',
            parameters: { type: 'object', properties: { a: { type: 'string' } } },
          },
        },
      ],
      tool_choice: 'none',
      response_format: {
        type: 'json_schema',
        json_schema: {
          name: 'reply',
          schema: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
          strict: false,
        },
      },
      max_completion_tokens: 500,
      temperature: 0.2,
      top_p: 0.9,
      seed: 7,
      reasoning_effort: 'low',
      stream: true,
      stream_options: { include_usage: true },
    })
    expect(dropped).toEqual(['arguments', 'opaque:anthropic', 'opaque:openai'])
  })

  test('says nothing about what is not asked for', () => {
    const { body } = openaiChatRequest({ ...promptOf({ role: 'user', parts: textContent('Hello') }), instructions: '' }, LOCAL)
    expect(body).toEqual({
      model: 'model-1',
      messages: [{ role: 'user', content: 'Hello' }],
      stream: true,
      stream_options: { include_usage: true },
    })
  })

  test('keeps the words before a tool call, and an error that already says it is one', () => {
    const { body } = openaiChatRequest(
      promptOf(
        {
          role: 'assistant',
          parts: [
            { type: 'text', text: 'Let me look.' },
            { type: 'toolCall', id: 'call_A', name: 'find', argumentsText: '{}' },
          ],
        },
        { role: 'tool', id: 'call_A', name: 'find', parts: textContent('Error: flight not found'), isError: true },
      ),
      LOCAL,
    )
    expect(body.messages).toMatchObject([{}, {}, { content: 'Let me look.' }, { content: 'Error: flight not found' }])
  })

  test('limits the answer by the name that the server knows', () => {
    const request = { ...promptOf(), settings: { maxOutputTokens: 5 } }
    expect(openaiChatRequest(request, LOCAL).body).toMatchObject({ max_tokens: 5 })
    expect(openaiChatRequest(request, LOCAL).body).not.toHaveProperty('max_completion_tokens')
  })

  test('asks for one tool call at a time, if it is told to and there are tools', () => {
    const settings = { parallelToolCalls: false }
    expect(openaiChatRequest({ ...CONVERSATION, settings }, LOCAL).body).toMatchObject({ parallel_tool_calls: false })
    expect(
      openaiChatRequest({ ...promptOf({ role: 'user', parts: textContent('Hello') }), tools: [], settings }, LOCAL).body,
    ).not.toHaveProperty('parallel_tool_calls')
  })
})
