import { textContent } from '../../../src/events/content.ts'
import { describe, expect, test } from 'vitest'

import { anthropicRequest } from '../../../src/models/anthropic/request.ts'
import { anthropicReader } from '../../../src/models/anthropic/stream.ts'
import type { AssistantPart } from '../../../src/events/message.ts'
import type { ModelRequest, RequestSettings } from '../../../src/models/model.ts'
import { CONVERSATION, promptOf } from '../../support/model-server-requests.ts'

describe('a request to Messages', () => {
  test('asks for one tool call at a time, if it is told to and there are tools', () => {
    const request = { ...CONVERSATION, toolChoice: 'auto' as const, settings: { parallelToolCalls: false } }
    expect(anthropicRequest(request).body).toMatchObject({ tool_choice: { type: 'auto', disable_parallel_tool_use: true } })
    expect(anthropicRequest({ ...request, messages: [{ role: 'user', parts: textContent('Hello') }], tools: [] }).body).not.toHaveProperty(
      'tool_choice',
    )
    expect(anthropicRequest({ ...request, toolChoice: 'none' }).body).toMatchObject({ tool_choice: { type: 'none' } })
  })

  test('thinks as long as it likes, not at all, or within a budget that the limit holds beside an answer', () => {
    const bodyWith = (settings: RequestSettings) =>
      anthropicRequest({ ...promptOf({ role: 'user', parts: textContent('Hello') }), settings }).body
    expect(bodyWith({ thinking: 'adaptive' })).toMatchObject({ thinking: { type: 'adaptive' }, max_tokens: 16_384 })
    expect(bodyWith({ thinking: 'off' })).toMatchObject({ thinking: { type: 'disabled' } })
    expect(bodyWith({ thinking: { budgetTokens: 32_000 } })).toMatchObject({
      thinking: { type: 'enabled', budget_tokens: 32_000 },
      max_tokens: 48_384,
    })
  })

  const THINKING = { type: 'opaque' as const, vendor: 'anthropic', content: { type: 'thinking', thinking: 'Hm.', signature: 'abc==' } }
  const CALL = { type: 'toolCall' as const, id: 'call_A', name: 'find', argumentsText: '{}' }
  const FOUND = { role: 'tool' as const, id: 'call_A', name: 'find', parts: textContent('found'), isError: false }
  test.each<[string, Partial<ModelRequest>, readonly AssistantPart[], string[]]>([
    ['gives its thoughts back with its calls', {}, [THINKING, CALL], []],
    ['thinks no more where a call came without a thought, since it was forced or of another vendor', {}, [CALL], ['thinking']],
    ['may think as it likes wherever it likes', { settings: { thinking: 'adaptive' } }, [CALL], []],
    ['does not think where a call is forced', { toolChoice: 'required' }, [THINKING, CALL], ['thinking']],
    ['does not think as it likes either', { toolChoice: { tool: 'find' }, settings: { thinking: 'adaptive' } }, [CALL], ['thinking']],
    ['is not thought for where it must not', { toolChoice: 'required', settings: { thinking: 'off' } }, [CALL], []],
  ])('%s', (_what, change, parts, expected) => {
    const { tools } = CONVERSATION
    const asked = { ...promptOf({ role: 'user', parts: textContent('Find A.') }, { role: 'assistant', parts: [...parts] }, FOUND), tools }
    const { body, dropped } = anthropicRequest({ ...asked, settings: { thinking: { budgetTokens: 2_048 } }, ...change })
    expect(dropped).toEqual(expected)
    expect('thinking' in body).toBe(expected.length === 0)
    expect(JSON.stringify(body.messages)).toContain(parts.includes(THINKING) ? 'abc==' : 'tool_use')
  })

  test('leaves out an effort that the vendor has no word for', () => {
    const { body, dropped } = anthropicRequest({
      ...promptOf({ role: 'user', parts: textContent('Hello') }),
      settings: { reasoningEffort: 'minimal' },
    })
    expect(body).not.toHaveProperty('output_config')
    expect(dropped).toEqual(['reasoningEffort'])
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
        { role: 'user', parts: textContent('Hello') },
        { role: 'assistant', parts: [{ type: 'text', text: ' \n' }] },
        { role: 'user', parts: textContent('Are you there?') },
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
