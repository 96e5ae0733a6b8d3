import { describe, expect, test } from 'vitest'

import { openaiChatReader } from '../../../src/models/openai/chat-stream.ts'

const choice = (delta: object, finishReason: string | null = null): object => ({ choices: [{ delta, finish_reason: finishReason }] })
const call = (fields: object, index?: number): object =>
  choice({ tool_calls: [{ ...(index !== undefined && { index }), type: 'function', ...fields }] })

describe('an answer of a compatible server', () => {
  test('may give every tool call the same index, or none, as long as the ids differ', () => {
    for (const index of [0, undefined]) {
      const reader = openaiChatReader('local')
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
    const reader = openaiChatReader('local')
    reader.read(call({ id: 'call_A', function: { name: 'find', arguments: '{' } }, 0))
    reader.read(call({ id: 'call_A', function: { name: 'find', arguments: '}' } }, 0))
    reader.read(choice({}, 'stop'))
    expect(reader.finished()?.parts).toEqual([{ type: 'toolCall', id: 'call_A', name: 'find', argumentsText: '{}' }])
  })

  test.each([
    [
      'one after the other',
      [[call({ function: { name: 'find', arguments: '{"a":1}' } })], [call({ function: { name: 'find', arguments: '{"a":2}' } })]],
    ],
    [
      'with one index',
      [[call({ function: { name: 'find', arguments: '{"a":1}' } }, 0)], [call({ function: { name: 'find', arguments: '{"a":2}' } }, 0)]],
    ],
    [
      'at once',
      [
        [
          choice({
            tool_calls: [{ function: { name: 'find', arguments: '{"a":1}' } }, { function: { name: 'find', arguments: { a: 2 } } }],
          }),
        ],
      ],
    ],
  ])('may give its tool calls no ids, %s', (_how, chunks) => {
    const reader = openaiChatReader('local')
    for (const chunk of chunks.flat()) expect(reader.read(chunk)).toBeUndefined()
    reader.read(choice({}, 'stop'))
    expect(reader.finished()?.parts).toEqual([
      { type: 'toolCall', id: '', name: 'find', argumentsText: '{"a":1}' },
      { type: 'toolCall', id: '', name: 'find', argumentsText: '{"a":2}' },
    ])
  })

  test('keeps in one what comes in pieces of a call without an id, though its name is repeated', () => {
    const reader = openaiChatReader('local')
    reader.read(call({ function: { name: 'find', arguments: '{"a":' } }, 0))
    reader.read(call({ function: { name: 'find', arguments: '1}' } }, 0))
    reader.read(choice({}, 'tool_calls'))
    expect(reader.finished()?.parts).toEqual([{ type: 'toolCall', id: '', name: 'find', argumentsText: '{"a":1}' }])
  })

  test.each([
    ['an object', { a: 1 }, '{"a":1}'],
    ['nothing', null, ''],
    ['a list', [1], '[1]'],
  ])('may write arguments as %s', (_what, written, argumentsText) => {
    const reader = openaiChatReader('local')
    reader.read(call({ id: 'call_A', function: { name: 'find', arguments: written } }, 0))
    reader.read(choice({}, 'tool_calls'))
    expect(reader.finished()?.parts).toMatchObject([{ argumentsText }])
  })

  test('may write its text as a list of parts', () => {
    const pieces: string[] = []
    const reader = openaiChatReader('local', (piece) => pieces.push(piece))
    reader.read(choice({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'Hm' }] }] }))
    reader.read(choice({ content: [{ type: 'text', text: 'Hel' }, 'lo'] }))
    reader.read(choice({}, 'stop'))
    expect(reader.finished()?.parts).toEqual([{ type: 'text', text: 'Hello' }])
    expect(pieces).toEqual(['Hello'])
  })

  test('may call a function in the old way', () => {
    const reader = openaiChatReader('local')
    reader.read(choice({ function_call: { name: 'find', arguments: '{"a"' } }))
    reader.read(choice({ function_call: { arguments: ':1}' } }))
    reader.read(choice({}, 'function_call'))
    expect(reader.finished()?.parts).toEqual([{ type: 'toolCall', id: '', name: 'find', argumentsText: '{"a":1}' }])
  })

  test.each([
    ['error', 'server'],
    ['abort', 'server'],
    ['insufficient_system_resource', 'overloaded'],
  ])('that ends with %s is none', (stop, failureClass) => {
    const reader = openaiChatReader('local')
    reader.read(choice({ content: 'Well' }))
    expect(reader.read(choice({}, stop))).toMatchObject({ ok: false, class: failureClass })
  })

  test('that ends with an error is none, and is classed by what the error says', () => {
    const event = { choices: [{ delta: { content: '' }, finish_reason: 'error', error: { code: 429, message: 'slow down' } }] }
    expect(openaiChatReader('local').read(event)).toMatchObject({ class: 'rateLimit', status: 429, message: 'slow down' })
  })

  test.each([
    ['length', 'length'],
    ['model_length', 'length'],
    ['MAX_TOKENS', 'length'],
    ['content_filter', 'refusal'],
    ['SAFETY', 'refusal'],
    ['eos', 'answer'],
  ])('that ends with %s is one of %s', (stop, end) => {
    const reader = openaiChatReader('local')
    reader.read(choice({ content: 'Well' }))
    reader.read(choice({}, stop))
    expect(reader.finished()).toMatchObject({ end })
  })

  test.each([[{ prompt_tokens: null, completion_tokens: null }], [{ prompt_tokens: 1.5 }], ['none'], [{}]])(
    'may count in a way that nobody understands: %j',
    (usage) => {
      const reader = openaiChatReader('local')
      expect(reader.read({ ...choice({ content: 'Hi' }, 'stop'), usage })).toBeUndefined()
      expect(reader.finished()).not.toHaveProperty('usage')
    },
  )

  test('keeps what it said of its thinking for itself', () => {
    const reader = openaiChatReader('local')
    reader.read(choice({ reasoning_content: 'Let me ' }))
    reader.read(choice({ reasoning_content: 'look.', content: null }))
    reader.read(
      call(
        { id: 'functions.find:0', function: { name: 'find', arguments: '{}' }, extra_content: { google: { thought_signature: 's=' } } },
        0,
      ),
    )
    reader.read(choice({}, 'tool_calls'))
    expect(reader.finished()?.parts).toEqual([
      { type: 'opaque', vendor: 'local', content: { message: { reasoning_content: 'Let me look.' } } },
      { type: 'toolCall', id: 'functions.find:0', name: 'find', argumentsText: '{}' },
      {
        type: 'opaque',
        vendor: 'local',
        content: { toolCall: { id: 'functions.find:0', extra_content: { google: { thought_signature: 's=' } } } },
      },
    ])
  })

  test('joins the pieces of details of its reasoning', () => {
    const reader = openaiChatReader('local')
    reader.read(choice({ reasoning: 'Hm', reasoning_details: [{ type: 'reasoning.text', index: 0, text: 'Hm', signature: null }] }))
    reader.read(choice({ reasoning: '.', reasoning_details: [{ type: 'reasoning.text', index: 0, text: '.', signature: 'sig' }] }))
    reader.read(choice({ content: 'Hi' }, 'stop'))
    expect(reader.finished()?.parts[0]).toEqual({
      type: 'opaque',
      vendor: 'local',
      content: { message: { reasoning_details: [{ type: 'reasoning.text', index: 0, text: 'Hm.', signature: 'sig' }] } },
    })
  })

  test('is not understood where a field is of another kind, and the failure says which', () => {
    const failure = openaiChatReader('local').read(choice({ content: { text: 'Hello' } }))
    expect(failure).toMatchObject({ class: 'protocol', message: expect.stringMatching(/choices\[0\]\.delta\.content/) as string })
  })

  test('may leave out all that is not needed', () => {
    const reader = openaiChatReader('local')
    for (const event of [
      {},
      { choices: null, usage: null },
      { choices: [{}] },
      choice({ content: 'Hi', logprobs: 'Hm' }),
      choice({}, 'stop'),
    ]) {
      expect(reader.read(event)).toBeUndefined()
    }
    expect(reader.finished()).toEqual({ end: 'answer', stop: 'stop', parts: [{ type: 'text', text: 'Hi' }] })
  })
})
