import { textContent } from '../../src/events/content.ts'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import type { Json, JsonObject } from '../../src/json.ts'
import { anthropicModel } from '../../src/models/anthropic/anthropic-model.ts'
import { openaiChatModel, type ChatAccess } from '../../src/models/openai/openai-chat-model.ts'
import { openaiResponsesModel } from '../../src/models/openai/openai-responses-model.ts'
import type { Model, ModelAnswer, ModelOutcome, ModelRequest } from '../../src/models/model.ts'
import { json, modelServer, type ModelServer, type Reply } from '../support/model-server.ts'
import { patiently, promptOf } from '../support/model-server-requests.ts'
import { anthropicWire, COUNTED, openaiChatWire, openaiResponsesWire } from '../support/model-server-wires.ts'

const ASKED: ModelRequest = promptOf({ role: 'user', parts: textContent('Hello') })
const TOOLS = [{ name: 'find', description: 'Finds.', inputSchema: { type: 'object' } }]
const OUTPUT = { name: 'reply', schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } }
const REFUSAL = (message: string, status = 400): Reply => json(status, { error: { message, type: 'invalid_request_error', code: null } })
const STREAM: Reply = { stream: openaiChatWire.stream({ text: ['Hi'] }) }
const USAGE = { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 }
const WHOLE = (message: Json, stop = 'stop'): Reply =>
  json(200, { id: 'c1', object: 'chat.completion', model: 'm', choices: [{ index: 0, message, finish_reason: stop }], usage: USAGE })

let server: ModelServer
beforeEach(async () => {
  server = await modelServer()
})
afterEach(() => server.close())

const chat = (options: Partial<ChatAccess> = {}): Model => openaiChatModel({ apiKey: 'key-1', baseUrl: `${server.url}/v1`, ...options })
const answered = (outcome: ModelOutcome): ModelAnswer => {
  if (!outcome.ok) throw new Error(`expected an answer, got ${outcome.class}: ${outcome.message}`)
  return outcome
}
const ask = async (model: Model, request = ASKED, ...replies: Reply[]): Promise<ModelOutcome> => {
  server.replyWith(...replies)
  return model.call(request, patiently())
}
const bodies = (): JsonObject[] => server.requests.map(({ body }) => body)

describe('a server of Chat Completions that takes no schema', () => {
  test.each([
    'This response_format type is unavailable now',
    "Invalid value: 'json_schema'. Supported values are: 'text'",
    'structured outputs are not supported by this model',
  ])('is asked for any JSON object, and is remembered: %s', async (message) => {
    const model = chat()
    const first = answered(await ask(model, { ...ASKED, output: OUTPUT }, REFUSAL(message), STREAM))
    expect(first.dropped).toEqual(['json_schema'])
    answered(await ask(model, { ...ASKED, output: OUTPUT }, STREAM))
    expect(bodies().map(({ response_format: format }) => (format as { type: string }).type)).toEqual([
      'json_schema',
      'json_object',
      'json_object',
    ])
    expect(JSON.stringify(bodies()[1]?.['messages'])).toContain('JSON Schema')
    expect(JSON.stringify(bodies()[1]?.['messages'])).toContain('\\"city\\"')
  })

  test('nor any JSON is asked in the prompt alone', async () => {
    const refused = REFUSAL('response_format is not supported', 422)
    const { dropped } = answered(await ask(chat(), { ...ASKED, output: OUTPUT }, refused, refused, STREAM))
    expect(dropped).toEqual(['json_schema', 'json_object'])
    expect(bodies()[2]).not.toHaveProperty('response_format')
    expect(JSON.stringify(bodies()[2]?.['messages'])).toContain('JSON Schema')
  })

  test('is asked in the way that was chosen', async () => {
    await ask(chat({ outputBy: 'json_object' }), { ...ASKED, output: OUTPUT }, STREAM)
    await ask(chat({ outputBy: 'prompt' }), { ...ASKED, output: OUTPUT }, STREAM)
    expect(bodies()[0]).toMatchObject({ response_format: { type: 'json_object' } })
    expect(bodies()[1]).not.toHaveProperty('response_format')
  })
})

describe('a server of Chat Completions that cannot stream', () => {
  test('is asked for the whole, and is remembered for requests with tools alone', async () => {
    const model = chat()
    const refused = REFUSAL('Streaming is not supported when tools are provided', 501)
    const toolCall = { id: 'call_A', type: 'function', function: { name: 'find', arguments: { a: 1 } } }
    const request = { ...ASKED, tools: TOOLS }
    const found = answered(
      await ask(model, request, refused, WHOLE({ role: 'assistant', content: null, tool_calls: [toolCall] }, 'tool_calls')),
    )
    expect(found.parts).toEqual([{ type: 'toolCall', id: 'call_A', name: 'find', argumentsText: '{"a":1}' }])
    expect(found.dropped).toEqual(['stream'])
    expect(found.usage).toMatchObject({ inputTokens: 100, outputTokens: 20 })
    answered(await ask(model, request, WHOLE({ content: 'Hi' })))
    answered(await ask(model, ASKED, STREAM))
    expect(bodies().map(({ stream }) => stream)).toEqual([true, false, false, true])
    expect(bodies()[1]).not.toHaveProperty('stream_options')
  })

  test('is asked so from the beginning where that is chosen, and whoever listens hears the whole', async () => {
    const pieces: string[] = []
    server.replyWith(WHOLE({ content: 'Hello there' }))
    const outcome = await chat({ stream: false }).call(ASKED, { ...patiently(), onDelta: (piece) => pieces.push(piece) })
    expect(outcome).toMatchObject({ ok: true, parts: [{ type: 'text', text: 'Hello there' }] })
    expect(pieces).toEqual(['Hello there'])
    expect(bodies()[0]).toMatchObject({ stream: false })
  })

  test('and answers whole though it was asked for a stream is understood', async () => {
    expect(await ask(chat(), ASKED, WHOLE({ content: 'Hi' }))).toMatchObject({ ok: true, parts: [{ text: 'Hi' }] })
  })

  test('is asked without the options of a stream that it does not know', async () => {
    const refused = json(422, {
      detail: [{ type: 'extra_forbidden', loc: ['body', 'stream_options'], msg: 'Extra inputs are not permitted' }],
    })
    expect(answered(await ask(chat(), ASKED, refused, STREAM)).dropped).toEqual(['stream_options'])
    expect(bodies()[1]).toMatchObject({ stream: true })
  })
})

describe('a refusal that nothing can be left out for', () => {
  test('is one attempt, and nothing is remembered of it', async () => {
    expect(await ask(chat(), ASKED, REFUSAL('messages: something else'))).toMatchObject({ class: 'badRequest' })
    expect(server.requests).toHaveLength(1)
  })

  test('ends after a few, whatever the server says', async () => {
    const outcome = await ask(
      chat(),
      { ...ASKED, output: OUTPUT },
      REFUSAL('stream, stream_options, response_format, max_tokens: all wrong'),
    )
    expect(outcome).toMatchObject({ class: 'badRequest' })
    expect(server.requests.length).toBeLessThanOrEqual(6)
  })

  test('of a server that failed is not asked again', async () => {
    expect(await ask(chat(), ASKED, REFUSAL('the stream broke', 500))).toMatchObject({ class: 'server' })
    expect(server.requests).toHaveLength(1)
  })
})

describe('an output limit that is more than the model can write', () => {
  test('is left out', async () => {
    const request = { ...ASKED, settings: { maxOutputTokens: 99_999 } }
    const refused = REFUSAL('max_tokens is too large: 99999. This model supports at most 4096 completion tokens')
    expect(answered(await ask(chat(), request, refused, STREAM)).dropped).toEqual(['maxOutputTokens'])
    expect(bodies()[1]).not.toHaveProperty('max_tokens')
  })
})

describe('a setting that a server does not take', () => {
  test.each([
    ['temperature', { temperature: 0.2 }, "Unsupported value: 'temperature' does not support 0.2 with this model."],
    ['topP', { topP: 0.9 }, 'top_p is not supported'],
    ['seed', { seed: 7 }, "property 'seed' is unsupported"],
    ['reasoningEffort', { reasoningEffort: 'low' as const }, 'Unrecognized request argument supplied: reasoning_effort'],
    ['parallelToolCalls', { parallelToolCalls: false }, 'parallel_tool_calls: Extra inputs are not permitted'],
    ['toolChoice', {}, "Unexpected fields in the request: {'tool_choice'}"],
  ])('is left out, named and remembered: %s', async (name, settings, message) => {
    const model = chat()
    const request = { ...ASKED, tools: TOOLS, settings }
    expect(answered(await ask(model, request, REFUSAL(message), STREAM)).dropped).toEqual([name])
    answered(await ask(model, request, STREAM))
    expect(server.requests).toHaveLength(3)
  })

  test('that is named behind much else is found', async () => {
    const message = `${"{'type': 'literal_error', 'loc': ('body', 'messages')}, ".repeat(12)}{'loc': ('body', 'seed')}`
    const { dropped } = answered(await ask(chat(), { ...ASKED, settings: { seed: 7 } }, REFUSAL(message, 422), STREAM))
    expect(dropped).toEqual(['seed'])
  })
})

describe('a server that takes no null', () => {
  test('gets an empty text for an answer that is tool calls alone', async () => {
    const call = { type: 'toolCall' as const, id: 'call_A', name: 'find', argumentsText: '{}' }
    const request = promptOf(
      { role: 'user', parts: textContent('Find.') },
      { role: 'assistant', parts: [call] },
      { role: 'tool', id: 'call_A', name: 'find', parts: textContent('found'), isError: false },
    )
    await ask(chat(), request, STREAM)
    expect(bodies()[0]?.['messages']).toMatchObject([{}, {}, { role: 'assistant', content: '' }, {}])
    expect(server.requests[0]?.text).not.toContain('null')
  })
})

describe('an error inside a 200', () => {
  const sse = (value: Json): Reply => ({ stream: [`data: ${JSON.stringify(value)}\n\n`] })
  test.each<[string, Reply, string]>([
    ['a rate limit as an event', sse({ error: { message: 'slow down', code: 429 } }), 'rateLimit'],
    ['a rate limit as an event, its code a text', sse({ error: { message: 'slow down', code: '429' } }), 'rateLimit'],
    ['a rate limit as the body', json(200, { error: { message: 'slow down', code: 429 } }), 'rateLimit'],
    ['a rate limit by its name', json(200, { error: { message: 'slow down', status: 'RESOURCE_EXHAUSTED' } }), 'rateLimit'],
    ['a text as an event', sse({ error: 'the server is busy' }), 'server'],
    ['a text as the body', json(200, { error: 'the server is busy' }), 'server'],
    ['an error object', sse({ object: 'error', message: 'Sorry', code: 503 }), 'overloaded'],
    ['a list', json(200, [{ error: { message: 'prompt is too long', code: 400 } }]), 'contextLength'],
  ])('%s', async (_what, reply, failureClass) => {
    expect(await ask(chat(), ASKED, reply)).toMatchObject({ ok: false, class: failureClass })
  })

  test('says what it was, also where it is a list with another status', async () => {
    const reply = json(400, [{ error: { message: 'Invalid name in function_call', code: 400, status: 'INVALID_ARGUMENT' } }])
    const message = expect.stringMatching(/Invalid name in function_call/) as string
    expect(await ask(chat(), ASKED, reply)).toMatchObject({ class: 'badRequest', message })
  })

  test('of which there is very much is read in part', async () => {
    const reply: Reply = { status: 500, body: 'x'.repeat(5_000_000), contentType: 'text/plain' }
    expect(await ask(chat(), ASKED, reply)).toMatchObject({ class: 'server' })
  })
})

describe('what a server of Chat Completions says of its thinking', () => {
  const thinking: Reply = {
    stream: [
      `data: ${JSON.stringify({ choices: [{ delta: { reasoning_content: 'Let me look.' } }] })}\n\n`,
      `data: ${JSON.stringify({
        choices: [
          {
            delta: {
              tool_calls: [
                {
                  index: 0,
                  id: 'functions.find:0',
                  function: { name: 'find', arguments: '{}' },
                  extra_content: { google: { thought_signature: 'sig=' } },
                },
              ],
            },
            finish_reason: 'tool_calls',
          },
        ],
      })}\n\n`,
    ],
  }
  const next = ({ parts }: ModelAnswer): ModelRequest =>
    promptOf(
      { role: 'user', parts: textContent('Find.') },
      { role: 'assistant', parts: [...parts] },
      { role: 'tool', id: 'functions.find:0', name: 'find', parts: textContent('found'), isError: false },
    )

  test('goes back to it, with its own id of the call', async () => {
    const model = chat()
    const first = answered(await ask(model, ASKED, thinking))
    answered(await ask(model, next(first), STREAM))
    expect(bodies()[1]?.['messages']).toMatchObject([
      { role: 'system' },
      { role: 'user' },
      {
        role: 'assistant',
        content: '',
        reasoning_content: 'Let me look.',
        tool_calls: [{ id: 'functions.find:0', type: 'function', extra_content: { google: { thought_signature: 'sig=' } } }],
      },
      { role: 'tool', tool_call_id: 'functions.find:0' },
    ])
  })

  test('goes to no other server', async () => {
    const first = answered(await ask(chat({ vendor: 'one' }), ASKED, thinking))
    const second = answered(await ask(chat({ vendor: 'two' }), next(first), STREAM))
    expect(second.dropped).toEqual(['opaque:one', 'toolCallIds'])
    expect(server.requests.at(-1)?.text).not.toMatch(/Let me look|thought_signature|functions\.find/)
  })

  test('is left out once it refuses that, for this request alone', async () => {
    const model = chat()
    const first = answered(await ask(model, ASKED, thinking))
    const refused = REFUSAL("property 'messages.1.reasoning_content' is unsupported")
    expect(answered(await ask(model, next(first), refused, STREAM)).dropped).toContain(`opaque:${new URL(server.url).host}`)
    expect(server.requests.at(-1)?.text).not.toContain('Let me look')
  })
})

const OTHERS = [
  {
    name: 'Messages',
    open: () => anthropicModel({ apiKey: 'key-1', baseUrl: server.url }),
    stream: { stream: anthropicWire.stream({ text: ['Hi'] }) },
    whole: json(200, {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'm',
      content: [
        { type: 'text', text: 'Hi' },
        { type: 'tool_use', id: 't1', name: 'find', input: { a: 1 } },
      ],
      stop_reason: 'tool_use',
      usage: { input_tokens: 50, cache_read_input_tokens: 40, cache_creation_input_tokens: 10, output_tokens: 20 },
    }),
    error: json(200, { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }),
    refusal: json(400, {
      type: 'error',
      error: { type: 'invalid_request_error', message: 'output_config: Extra inputs are not permitted' },
    }),
  },
  {
    name: 'Responses',
    open: () => openaiResponsesModel({ apiKey: 'key-1', baseUrl: `${server.url}/v1` }),
    stream: { stream: openaiResponsesWire.stream({ text: ['Hi'] }) },
    whole: json(200, {
      id: 'resp_1',
      object: 'response',
      status: 'completed',
      error: null,
      model: 'm',
      output: [
        { type: 'message', role: 'assistant', content: 'Hi' },
        { type: 'function_call', call_id: 't1', name: 'find', arguments: { a: 1 } },
      ],
      usage: { input_tokens: 100, output_tokens: 20 },
    }),
    error: json(200, { id: 'resp_1', status: 'failed', output: [], error: { code: 503, message: 'Overloaded' } }),
    refusal: REFUSAL("Unsupported parameter: 'text.format' is not supported"),
  },
]

describe.each(OTHERS)('a compatible server of $name', ({ open, stream, whole, error, refusal }) => {
  test('may answer whole', async () => {
    const { parts, usage } = answered(await ask(open(), ASKED, whole))
    expect(parts).toEqual([
      { type: 'text', text: 'Hi' },
      { type: 'toolCall', id: 't1', name: 'find', argumentsText: '{"a":1}' },
    ])
    expect(usage).toMatchObject({ inputTokens: COUNTED.inputTokens, outputTokens: 20 })
  })

  test('may say inside a 200 that it failed', async () => {
    expect(await ask(open(), ASKED, error)).toMatchObject({ ok: false, class: 'overloaded' })
  })

  test('may refuse a schema, and is asked without', async () => {
    const { dropped } = answered(await ask(open(), { ...ASKED, output: OUTPUT }, refusal, stream))
    expect(dropped).toEqual(['json_schema'])
    expect(server.requests[1]?.text).toContain('JSON Schema')
  })

  test('may refuse to stream', async () => {
    expect(answered(await ask(open(), ASKED, REFUSAL('streaming is disabled here'), whole)).dropped).toEqual(['stream'])
    expect(bodies()[1]).toMatchObject({ stream: false })
  })
})
