import type { Json } from '../../src/json.ts'
import { json, type Reply } from './model-server.ts'

/** What a model says, in no vendor's words. Texts and arguments come in the given pieces. */
export interface WireAnswer {
  readonly text?: readonly string[]
  readonly toolCalls?: readonly { readonly id: string; readonly name: string; readonly argumentsPieces: readonly string[] }[]
  /** What only the vendor understands, as it stands in its answer and has to stand in the next request. */
  readonly opaque?: readonly Json[]
  readonly stop?: 'end' | 'toolCalls' | 'length'
  readonly isCounted?: boolean
}

/** How one vendor says things, in well-formed streams and in errors. */
export interface Wire {
  readonly path: string
  /** What its address has after the server's. */
  readonly basePath: string
  readonly requestIdHeader: string
  /** An answer to the end, as the pieces of a stream; the terminal marker is in the last `terminalPieces`. */
  stream(answer: WireAnswer): string[]
  readonly terminalPieces: number
  readonly stops: { readonly end: string; readonly toolCalls: string }
  /** Opaque things of an answer; empty where the wire has none. */
  readonly opaque: readonly Json[]
  readonly refusals: Readonly<Record<string, readonly string[]>>
  /** Streams that begin well and then say that they failed, and how. */
  readonly streamErrors: Readonly<Record<string, readonly [stream: readonly string[], failureClass: string]>>
  rateLimit(headers: Readonly<Record<string, string>>): Reply
  error(status: number): Reply
  readonly quota: Readonly<Record<string, Reply>>
  readonly overloaded: Readonly<Record<string, Reply>>
  readonly tooLong: Readonly<Record<string, Reply>>
}

/** What every counted answer counts: 100 in, of which 40 were read from a cache and 10 written; 20 out, of which 5 for reasoning. */
export const COUNTED = { inputTokens: 100, cacheReadTokens: 40, cacheWriteTokens: 10, outputTokens: 20, reasoningTokens: 5 }

const data = (value: Json): string => `data: ${JSON.stringify(value)}\n\n`
const event = (value: { readonly type: string } & { readonly [key: string]: Json }): string => `event: ${value.type}\n${data(value)}`
const streamOf = (...stream: string[]): Reply => ({ stream })

const openaiError = (status: number, type: string, code: string | null, message = 'the vendor explains'): Reply =>
  json(status, { error: { message, type, param: null, code } })

const OPENAI_ERRORS = {
  requestIdHeader: 'x-request-id',
  rateLimit: (headers: Readonly<Record<string, string>>) =>
    json(429, { error: { message: 'slow down', type: 'requests', param: null, code: 'rate_limit_exceeded' } }, headers),
  error: (status: number) => openaiError(status, status >= 500 ? 'server_error' : 'invalid_request_error', null),
}

const OPENAI_QUOTA = { '429 insufficient_quota': openaiError(429, 'insufficient_quota', 'insufficient_quota') }
const OPENAI_TOO_LONG = {
  '400 context_length_exceeded': openaiError(400, 'invalid_request_error', 'context_length_exceeded'),
  "a compatible server's message": json(400, {
    object: 'error',
    message: "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens.",
    type: 'BadRequestError',
    code: 400,
    error: { message: "This model's maximum context length is 4096 tokens.", type: 'BadRequestError', code: 400 },
  }),
}

const chatChunk = (delta: Json, finishReason: string | null = null): string =>
  data({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'model-1-2026',
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }],
    usage: null,
  })

const chatUsage = data({
  id: 'chatcmpl-1',
  model: 'model-1-2026',
  choices: [],
  usage: {
    prompt_tokens: 100,
    completion_tokens: 20,
    total_tokens: 120,
    prompt_tokens_details: { cached_tokens: 40, cache_write_tokens: 10 },
    completion_tokens_details: { reasoning_tokens: 5 },
  },
})

const CHAT_STOPS = { end: 'stop', toolCalls: 'tool_calls', length: 'length' }

export const openaiChatWire: Wire = {
  ...OPENAI_ERRORS,
  path: '/v1/chat/completions',
  basePath: '/v1',
  stops: CHAT_STOPS,
  opaque: [],
  terminalPieces: 3,
  stream: ({ text = [], toolCalls = [], stop = 'end', isCounted = true }) => [
    chatChunk({ role: 'assistant', content: '' }),
    ...text.map((content) => chatChunk({ content })),
    ...toolCalls.flatMap(({ id, name, argumentsPieces }, index) => [
      chatChunk({ tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] }),
      ...argumentsPieces.map((piece) => chatChunk({ tool_calls: [{ index, function: { arguments: piece } }] })),
    ]),
    chatChunk({}, CHAT_STOPS[stop]),
    ...(isCounted ? [chatUsage] : [': nothing is counted\n\n']),
    'data: [DONE]\n\n',
  ],
  refusals: {
    'a refusal in its own field': [chatChunk({ refusal: 'I will ' }), chatChunk({ refusal: 'not.' }), chatChunk({}, 'stop'), chatUsage],
    'a content filter': [chatChunk({ content: 'Well' }), chatChunk({}, 'content_filter'), chatUsage],
  },
  streamErrors: {
    server_error: [[chatChunk({ content: 'Well' }), data({ error: { message: 'Sorry', type: 'server_error', code: null } })], 'server'],
    "a compatible server's number": [[chatChunk({ content: 'Well' }), data({ error: { message: 'Sorry', code: 500 } })], 'server'],
  },
  quota: OPENAI_QUOTA,
  overloaded: { '503': openaiError(503, 'server_error', null) },
  tooLong: OPENAI_TOO_LONG,
}

const responsesUsage = {
  input_tokens: 100,
  input_tokens_details: { cached_tokens: 40, cache_write_tokens: 10 },
  output_tokens: 20,
  output_tokens_details: { reasoning_tokens: 5 },
  total_tokens: 120,
}

const responsesEnd = (type: string, output: readonly Json[], rest: { readonly [key: string]: Json }): string =>
  event({ type, sequence_number: 99, response: { id: 'resp_1', object: 'response', model: 'model-1-2026', output, ...rest } })

const responsesMessage = (content: Json): Json => ({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  status: 'completed',
  content: [content],
})

const responsesItems = ({ text = [], toolCalls = [], opaque = [] }: WireAnswer): Json[] => [
  ...opaque,
  ...(text.length === 0 ? [] : [responsesMessage({ type: 'output_text', annotations: [], text: text.join('') })]),
  ...toolCalls.map(({ id, name, argumentsPieces }) => ({
    id: `fc_${id}`,
    type: 'function_call',
    status: 'completed',
    call_id: id,
    name,
    arguments: argumentsPieces.join(''),
  })),
]

const refusedMessage = responsesMessage({ type: 'refusal', refusal: 'I will not.' })

export const openaiResponsesWire: Wire = {
  ...OPENAI_ERRORS,
  path: '/v1/responses',
  basePath: '/v1',
  stops: { end: 'completed', toolCalls: 'completed' },
  opaque: [{ id: 'rs_1', type: 'reasoning', summary: [], encrypted_content: 'gAAAA/b=="\u2028é', unknown_field: { z: 1, a: [1.5, null] } }],
  terminalPieces: 1,
  stream: (answer) => {
    const items = responsesItems(answer)
    const usage = answer.isCounted === false ? {} : { usage: responsesUsage }
    const isCut = answer.stop === 'length'
    return [
      event({ type: 'response.created', sequence_number: 0, response: { id: 'resp_1', output: [] } }),
      event({ type: 'response.an_event_of_next_year', sequence_number: 1, anything: [1] }),
      ...(answer.text ?? []).map((delta) => event({ type: 'response.output_text.delta', item_id: 'msg_1', delta })),
      ...items.map((item, index) => event({ type: 'response.output_item.done', output_index: index, item })),
      isCut
        ? responsesEnd('response.incomplete', items, { incomplete_details: { reason: 'max_output_tokens' }, ...usage })
        : responsesEnd('response.completed', items, usage),
    ]
  },
  refusals: {
    'a refusal part': [
      event({ type: 'response.output_item.done', output_index: 0, item: refusedMessage }),
      responsesEnd('response.completed', [refusedMessage], { usage: responsesUsage }),
    ],
    'a content filter': [
      responsesEnd('response.incomplete', [], { incomplete_details: { reason: 'content_filter' }, usage: responsesUsage }),
    ],
    'a policy': [
      responsesEnd('response.failed', [], { error: { code: 'bio_policy', message: 'This is not allowed.' }, usage: responsesUsage }),
    ],
  },
  streamErrors: {
    'an error event': [[event({ type: 'error', code: 'rate_limit_exceeded', message: 'slow down', param: null })], 'rateLimit'],
    'a failed response': [[responsesEnd('response.failed', [], { error: { code: 'server_error', message: 'Sorry' } })], 'server'],
  },
  quota: OPENAI_QUOTA,
  overloaded: { '503': openaiError(503, 'server_error', null) },
  tooLong: OPENAI_TOO_LONG,
}

const anthropicError = (status: number, type: string, options: { message?: string; code?: string } = {}): Reply =>
  json(status, {
    type: 'error',
    error: { type, message: options.message ?? 'the vendor explains', ...(options.code && { details: { error_code: options.code } }) },
    request_id: 'req_1',
  })

const ANTHROPIC_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  422: 'invalid_request_error',
}

const anthropicStart = (isCounted: boolean): string =>
  event({
    type: 'message_start',
    message: {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'model-1-2026',
      content: [],
      stop_reason: null,
      ...(isCounted && { usage: { input_tokens: 50, cache_read_input_tokens: 40, cache_creation_input_tokens: 10, output_tokens: 1 } }),
    },
  })

const anthropicEnd = (stopReason: string, isCounted = true, details: Json = null): string[] => [
  event({
    type: 'message_delta',
    delta: { stop_reason: stopReason, stop_sequence: null, stop_details: details },
    ...(isCounted && {
      usage: {
        input_tokens: null,
        cache_read_input_tokens: null,
        cache_creation_input_tokens: null,
        output_tokens: 20,
        output_tokens_details: { thinking_tokens: 5 },
      },
    }),
  }),
  event({ type: 'message_stop' }),
]

const block = (index: number, start: { readonly [key: string]: Json }, deltas: readonly Json[] = []): string[] => [
  event({ type: 'content_block_start', index, content_block: start }),
  ...deltas.map((delta) => event({ type: 'content_block_delta', index, delta })),
  event({ type: 'content_block_stop', index }),
]

/** Thinking comes in pieces, its signature last; what was redacted comes whole. */
const opaqueBlock = (index: number, whole: Json): string[] => {
  const { thinking, signature, ...rest } = whole as { thinking?: string; signature?: string; readonly [key: string]: Json | undefined }
  const start = rest as { readonly [key: string]: Json }
  if (thinking === undefined || signature === undefined) return block(index, start)
  return block(index, { ...start, thinking: '', signature: '' }, [
    { type: 'thinking_delta', thinking: thinking.slice(0, 3) },
    { type: 'thinking_delta', thinking: thinking.slice(3) },
    { type: 'signature_delta', signature },
  ])
}

const ANTHROPIC_STOPS = { end: 'end_turn', toolCalls: 'tool_use', length: 'max_tokens' }

export const anthropicWire: Wire = {
  path: '/v1/messages',
  basePath: '',
  requestIdHeader: 'request-id',
  stops: ANTHROPIC_STOPS,
  opaque: [
    { type: 'thinking', thinking: 'Let me think. "é\u2028"', signature: 'EqQBCgIYAhIM/+==' },
    { type: 'redacted_thinking', data: 'EmwKAhgBEgy3va3pzix/LafPsn4a' },
  ],
  terminalPieces: 1,
  stream: ({ text = [], toolCalls = [], opaque = [], stop = 'end', isCounted = true }) => {
    const blocks = [
      ...opaque.map((whole) => (index: number) => opaqueBlock(index, whole)),
      ...(text.length === 0
        ? []
        : [
            (index: number) =>
              block(
                index,
                { type: 'text', text: '', citations: null },
                text.map((piece) => ({ type: 'text_delta', text: piece })),
              ),
          ]),
      ...toolCalls.map(
        ({ id, name, argumentsPieces }) =>
          (index: number) =>
            block(
              index,
              { type: 'tool_use', id, name, input: {}, caller: { type: 'direct' } },
              argumentsPieces.map((piece) => ({ type: 'input_json_delta', partial_json: piece })),
            ),
      ),
    ]
    return [
      anthropicStart(isCounted),
      event({ type: 'ping' }),
      event({ type: 'an_event_of_next_year', anything: [1] }),
      ...blocks.flatMap((write, index) => write(index)),
      ...anthropicEnd(ANTHROPIC_STOPS[stop], isCounted),
    ]
  },
  refusals: {
    'no content and the stop reason': [
      anthropicStart(true),
      ...anthropicEnd('refusal', true, { type: 'refusal', category: 'bio', explanation: null }),
    ],
  },
  streamErrors: {
    overloaded_error: [
      [anthropicStart(true), event({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } })],
      'overloaded',
    ],
    api_error: [[anthropicStart(true), event({ type: 'error', error: { type: 'api_error', message: 'Sorry' } })], 'server'],
  },
  rateLimit: (headers) => json(429, { type: 'error', error: { type: 'rate_limit_error', message: 'slow down' } }, headers),
  error: (status) => anthropicError(status, ANTHROPIC_TYPES[status] ?? 'api_error'),
  quota: {
    '402 billing_error': anthropicError(402, 'billing_error'),
    '429 enforced_spend_limit_reached': anthropicError(429, 'rate_limit_error', { code: 'enforced_spend_limit_reached' }),
  },
  overloaded: {
    '529': anthropicError(529, 'overloaded_error'),
  },
  tooLong: {
    'a message': anthropicError(400, 'invalid_request_error', { message: 'prompt is too long: 215000 tokens > 200000 maximum' }),
    'a stop reason': streamOf(anthropicStart(true), ...anthropicEnd('model_context_window_exceeded')),
  },
}
