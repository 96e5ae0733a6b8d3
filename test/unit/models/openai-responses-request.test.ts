import { textContent } from '../../../src/events/content.ts'
import { describe, expect, test } from 'vitest'

import { openaiResponsesRequest } from '../../../src/models/openai/responses-request.ts'
import { openaiResponsesReader } from '../../../src/models/openai/responses-stream.ts'
import { CONVERSATION, promptOf } from '../../support/model-server-requests.ts'

describe('a request to Responses', () => {
  test('asks for one tool call at a time, if it is told to and there are tools', () => {
    const settings = { parallelToolCalls: false }
    expect(openaiResponsesRequest({ ...CONVERSATION, settings }).body).toMatchObject({ parallel_tool_calls: false })
    expect(
      openaiResponsesRequest({ ...promptOf({ role: 'user', parts: textContent('Hello') }), tools: [], settings }).body,
    ).not.toHaveProperty('parallel_tool_calls')
  })

  test('carries every kind of part, and stores nothing at the vendor', () => {
    const { body, dropped } = openaiResponsesRequest(CONVERSATION)
    expect(body).toEqual({
      model: 'model-1',
      instructions: 'Be brief.',
      input: [
        { role: 'user', content: 'Find A and B.' },
        { type: 'reasoning', id: 'rs_1', encrypted_content: 'xyz', summary: [] },
        { type: 'function_call', call_id: 'call_A', name: 'find', arguments: '{"b" : 1.0,"a":"A"}' },
        { type: 'function_call', call_id: 'call_B', name: 'find', arguments: '{"INVALID_JSON":"{\\"b\\": 2"}' },
        { type: 'function_call_output', call_id: 'call_A', output: 'found A' },
        { type: 'function_call_output', call_id: 'call_B', output: 'Error: no such thing' },
        { role: 'assistant', content: 'Here is A.' },
        { role: 'user', content: 'Thanks.' },
      ],
      tools: [
        {
          type: 'function',
          name: 'find',
          description: 'Finds a thing.',
          parameters: { type: 'object', properties: { a: { type: 'string' } } },
          strict: false,
        },
      ],
      tool_choice: 'none',
      text: {
        format: {
          type: 'json_schema',
          name: 'reply',
          schema: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
          strict: false,
        },
      },
      max_output_tokens: 500,
      temperature: 0.2,
      top_p: 0.9,
      reasoning: { effort: 'low' },
      store: false,
      include: ['reasoning.encrypted_content'],
      stream: true,
    })
    expect(dropped).toEqual(['seed', 'arguments', 'opaque:anthropic'])
  })

  test('gives a message back with the phase that the model gave it', () => {
    const reader = openaiResponsesReader()
    const message = (text: string, phase: string): object => ({
      type: 'message',
      id: 'msg_1',
      role: 'assistant',
      phase,
      content: [{ type: 'output_text', text, annotations: [] }],
    })
    const output = [message('Looking.', 'commentary'), message('Found.', 'final_answer')]
    reader.read({ type: 'response.completed', response: { id: 'resp_1', output } })
    const parts = reader.finished()?.parts ?? []
    expect(openaiResponsesRequest(promptOf({ role: 'assistant', parts: [...parts] })).body.input).toEqual([
      { role: 'user', content: '(The conversation begins.)' },
      { role: 'assistant', content: 'Looking.', phase: 'commentary' },
      { role: 'assistant', content: 'Found.', phase: 'final_answer' },
      { role: 'user', content: 'Go on.' },
    ])
  })
})

describe('an answer of Responses', () => {
  test('that is incomplete for a reason of next year is no answer', () => {
    const reader = openaiResponsesReader()
    const event = { type: 'response.incomplete', response: { output: [], incomplete_details: { reason: 'tired' } } }
    expect(reader.read(event)).toMatchObject({ class: 'protocol', message: expect.stringMatching(/tired/) as string })
  })

  test('that failed inside the stream is classified by its code, and counted', () => {
    const usage = { input_tokens: 3, output_tokens: 1 }
    const failed = (code: string): unknown =>
      openaiResponsesReader().read({ type: 'response.failed', response: { error: { code, message: 'no' }, usage } })
    expect(failed('rate_limit_exceeded')).toMatchObject({ class: 'rateLimit', usage: { inputTokens: 3, outputTokens: 1 } })
    expect(failed('server_error')).toMatchObject({ class: 'server' })
    expect(failed('context_length_exceeded')).toMatchObject({ class: 'contextLength' })
  })

  test('with a tool call that has no id is kept as it came', () => {
    const output = [{ type: 'function_call', name: 'find', arguments: '{}' }]
    const reader = openaiResponsesReader()
    expect(reader.read({ type: 'response.completed', response: { output } })).toBeUndefined()
    expect(reader.finished()?.parts).toEqual([{ type: 'toolCall', id: '', name: 'find', argumentsText: '{}' }])
  })
})
