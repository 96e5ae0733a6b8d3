import { textContent } from '../../src/events/content.ts'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import type { Model, ModelAnswer, ModelCallOptions, ModelFailure, ModelOutcome, ModelRequest } from '../../src/models/model.ts'
import { json, modelServer, type ModelServer, type Reply } from '../support/model-server.ts'
import { modelSettingsCases } from './model-settings.ts'
import { COUNTED, type Wire } from '../support/model-server-wires.ts'

export interface ModelUnderTest {
  readonly wire: Wire
  /** A model that asks the server at this address. */
  readonly open: (baseUrl: string) => Model
  /** A model that answers from recordings has no connection that could break. */
  readonly hasConnection: boolean
}

const REQUEST: ModelRequest = {
  model: 'model-1',
  instructions: 'Be brief.',
  messages: [{ role: 'user', parts: textContent('Hello') }],
  tools: [{ name: 'find', description: 'Finds.', inputSchema: { type: 'object', properties: {} } }],
  toolChoice: 'auto',
  settings: {},
}

const optionsWith = (options: Partial<ModelCallOptions> = {}): ModelCallOptions => ({
  signal: new AbortController().signal,
  timeoutMs: 5000,
  ...options,
})

const TEXT = { text: ['Hel', 'lo ', 'there — é'] }
const TWO_CALLS = {
  toolCalls: [
    { id: 'call_A', name: 'find', argumentsPieces: ['{"b" : 1.0', ', "a":"é\\u00e9"}'] },
    { id: 'call_B', name: 'find', argumentsPieces: ['{}'] },
  ],
  stop: 'toolCalls' as const,
}

/** One suite for every adapter of the model port. */
export const modelConformance = (name: string, { wire, open, hasConnection }: ModelUnderTest): void => {
  describe(`the ${name} model`, () => {
    let server: ModelServer
    let model: Model
    beforeEach(async () => {
      server = await modelServer()
      model = open(server.url + wire.basePath)
    })
    afterEach(() => server.close())

    const callWith = (reply: Reply, request = REQUEST, options = optionsWith()): Promise<ModelOutcome> => {
      server.replyWith(reply)
      return model.call(request, options)
    }
    const answerTo = async (stream: readonly string[], request = REQUEST): Promise<ModelAnswer> => {
      const outcome = await callWith({ stream }, request)
      if (!outcome.ok) throw new Error(`expected an answer, got ${outcome.class}: ${outcome.message}`)
      return outcome
    }
    const failureOn = async (reply: Reply): Promise<ModelFailure> => {
      const outcome = await callWith(reply)
      if (outcome.ok) throw new Error(`expected a failure, got ${JSON.stringify(outcome)}`)
      return outcome
    }
    const context: Context = { wire, server: () => server, model: () => model, callWith, answerTo, failureOn }

    describe('answers', () => {
      answers(context)
    })
    describe('is asked', () => {
      modelSettingsCases(context, REQUEST)
    })
    describe('tells failures apart', () => {
      failures(context)
    })
    describe('never takes a broken answer for an answer', () => {
      brokenAnswers(context)
    })
    if (!hasConnection) return
    describe('on a connection', () => {
      connections(context)
    })
    describe('when its caller gives up', () => {
      aborts(context)
    })
  })
}

interface Context {
  readonly wire: Wire
  readonly server: () => ModelServer
  readonly model: () => Model
  readonly callWith: (reply: Reply, request?: ModelRequest, options?: ModelCallOptions) => Promise<ModelOutcome>
  readonly answerTo: (stream: readonly string[], request?: ModelRequest) => Promise<ModelAnswer>
  readonly failureOn: (reply: Reply) => Promise<ModelFailure>
}

const answers = ({ wire, server, callWith, answerTo }: Context): void => {
  test('with text, and what the vendor says about it', async () => {
    const stream = wire.stream(TEXT)
    const outcome = await callWith({ stream, headers: { [wire.requestIdHeader]: 'req-7' } })
    expect(outcome).toEqual({
      ok: true,
      parts: [{ type: 'text', text: 'Hello there — é' }],
      stop: wire.stops.end,
      usage: COUNTED,
      model: 'model-1-2026',
      responseId: expect.any(String) as string,
      requestId: 'req-7',
      dropped: [],
    })
  })

  test('piece by piece to whoever listens', async () => {
    const pieces: string[] = []
    await callWith({ stream: wire.stream(TEXT) }, REQUEST, optionsWith({ onDelta: (piece) => pieces.push(piece) }))
    expect(pieces).toEqual(TEXT.text)
  })

  test('with tool calls, their arguments letter for letter', async () => {
    const answer = await answerTo(wire.stream(TWO_CALLS))
    expect(answer.stop).toBe(wire.stops.toolCalls)
    expect(answer.parts).toEqual([
      { type: 'toolCall', id: 'call_A', name: 'find', argumentsText: '{"b" : 1.0, "a":"é\\u00e9"}' },
      { type: 'toolCall', id: 'call_B', name: 'find', argumentsText: '{}' },
    ])
  })

  test('with arguments that are no JSON, which are not repaired', async () => {
    const answer = await answerTo(
      wire.stream({ toolCalls: [{ id: 'call_A', name: 'find', argumentsPieces: ['{"a": 1, "b": "he'] }], stop: 'toolCalls' }),
    )
    expect(answer.parts).toMatchObject([{ argumentsText: '{"a": 1, "b": "he' }])
  })

  test('and gives what only its vendor understands back to it, byte for byte, and to no other', async () => {
    const answer = await answerTo(wire.stream({ ...TWO_CALLS, opaque: wire.opaque }))
    const foreign = { type: 'opaque' as const, vendor: 'another', content: { secret: 'of another' } }
    const next = await answerTo(wire.stream(TEXT), {
      ...REQUEST,
      messages: [
        ...REQUEST.messages,
        { role: 'assistant', parts: [foreign, ...answer.parts] },
        { role: 'tool', id: 'call_A', name: 'find', parts: textContent('found'), isError: false },
        { role: 'tool', id: 'call_B', name: 'find', parts: textContent('Error: lost'), isError: true },
      ],
    })
    const sent = server().requests.at(-1)?.text ?? ''
    for (const part of wire.opaque) expect(sent).toContain(JSON.stringify(part))
    expect(sent).not.toContain('of another')
    expect(next.dropped).toEqual(['opaque:another'])
  })

  test('with an estimated usage where the server does not count, and says so', async () => {
    const answer = await answerTo(wire.stream({ ...TEXT, isCounted: false }))
    expect(answer.dropped).toEqual(['usage'])
    expect(answer.usage.outputTokens).toBe(4)
    expect(answer.usage.inputTokens).toBeGreaterThan(10)
  })

  test('two callers at once, each its own', async () => {
    server().replyWith({ stream: wire.stream({ text: ['one'] }) }, { stream: wire.stream({ text: ['one'] }) })
    const outcomes = await Promise.all([answerTo(wire.stream({ text: ['one'] })), answerTo(wire.stream({ text: ['one'] }))])
    expect(outcomes.map(({ parts }) => parts)).toEqual([[{ type: 'text', text: 'one' }], [{ type: 'text', text: 'one' }]])
  })
}

const failures = ({ wire, server, failureOn, callWith }: Context): void => {
  test.each([
    ['in seconds', { 'retry-after': '2' }, 2000],
    ['in seconds with a fraction', { 'retry-after': '1.5' }, 1500],
    ['as a date', { date: 'Mon, 23 Nov 2026 10:00:00 GMT', 'retry-after': 'Mon, 23 Nov 2026 10:01:10 GMT' }, 70_000],
    ['in milliseconds, which count first', { 'retry-after': '2', 'retry-after-ms': '350' }, 350],
  ])('a rate limit, with the wait %s', async (_how, headers: Record<string, string>, retryAfterMs) => {
    expect(await failureOn(wire.rateLimit(headers))).toMatchObject({ class: 'rateLimit', status: 429, retryAfterMs })
  })

  test('a rate limit without a wait', async () => {
    const failure = await failureOn(wire.rateLimit({}))
    expect(failure.class).toBe('rateLimit')
    expect(failure).not.toHaveProperty('retryAfterMs')
  })

  test('a limit that the vendor says no waiting lifts is a quota', async () => {
    expect(await failureOn(wire.rateLimit({ 'x-should-retry': 'false' }))).toMatchObject({ class: 'quota' })
  })

  test.each(Object.entries(wire.quota))('an empty account: %s', async (_how, reply) => {
    expect(await failureOn(reply)).toMatchObject({ class: 'quota' })
  })

  test.each(Object.entries(wire.overloaded))('an overloaded vendor: %s', async (_how, reply) => {
    expect(await failureOn(reply)).toMatchObject({ class: 'overloaded' })
  })

  test.each(Object.entries(wire.tooLong))('a prompt that is too long: %s', async (_how, reply) => {
    expect(await failureOn(reply)).toMatchObject({ class: 'contextLength' })
  })

  test.each([
    [400, 'badRequest'],
    [401, 'auth'],
    [403, 'auth'],
    [404, 'auth'],
    [408, 'timeout'],
    [409, 'server'],
    [422, 'badRequest'],
    [500, 'server'],
    [502, 'server'],
    [504, 'server'],
  ])('status %d as %s, after a single attempt', async (status, failureClass) => {
    expect(await failureOn(wire.error(status))).toMatchObject({ class: failureClass, status })
    expect(server().requests).toHaveLength(1)
  })

  test('a proxy that answers for the vendor, by its status', async () => {
    const html: Reply = { status: 502, body: '<html>Bad gateway</html>', contentType: 'text/html' }
    expect(await failureOn(html)).toMatchObject({ class: 'server', status: 502 })
  })

  test('an answer cut at the output limit: paid for, and its tool calls are not there', async () => {
    const stream = wire.stream({ toolCalls: [{ id: 'call_A', name: 'find', argumentsPieces: ['{"a": 1, "b": "he'] }], stop: 'length' })
    const failure = await failureOn({ stream })
    expect(failure).toMatchObject({ class: 'length', usage: COUNTED })
    expect(failure).not.toHaveProperty('parts')
  })

  test.each(Object.entries(wire.refusals))('a refusal, which was paid for: %s', async (_how, stream) => {
    expect(await failureOn({ stream })).toMatchObject({ class: 'refusal', usage: COUNTED })
  })

  test.each([
    ['nothing', []],
    ['white space', [' \n']],
  ])('an answer of %s, which was paid for', async (_what, text) => {
    expect(await failureOn({ stream: wire.stream({ text }) })).toMatchObject({ class: 'empty', usage: COUNTED })
  })

  test("the vendor's id of the failed request", async () => {
    const reply = wire.rateLimit({ [wire.requestIdHeader]: 'req-8' })
    expect(await callWith(reply)).toMatchObject({ requestId: 'req-8' })
  })
}

const brokenAnswers = ({ wire, failureOn }: Context): void => {
  const whole = wire.stream(TEXT)
  test.each<[string, Reply, RegExp]>([
    [
      'a page of HTML',
      { status: 200, body: '<html>Log in</html>', contentType: 'text/html' },
      /as an event stream, got text\/html.*Log in/,
    ],
    ['JSON that is cut', { status: 200, body: '{"id": "x", "cho', contentType: 'application/json' }, /event stream, got application\/json/],
    ['JSON of something else', json(200, { hello: 'world' }), /event stream/],
    ['no body', { status: 200, body: '', contentType: 'application/json' }, /event stream/],
    ['an empty stream', { stream: [] }, /empty/],
  ])('%s', async (_what, reply, message) => {
    const failure = await failureOn(reply)
    expect(failure.class).toBe('protocol')
    expect(failure.message).toMatch(message)
  })

  test('a stream that ends cleanly and too early, wherever it ends', async () => {
    for (let length = 1; length <= whole.length - wire.terminalPieces; length++) {
      const failure = await failureOn({ stream: whole.slice(0, length) })
      expect(failure).toMatchObject({ class: 'network', message: expect.stringMatching(/without its terminal marker/) as string })
    }
  })
}

const connections = ({ wire, server, model, callWith, failureOn }: Context): void => {
  const whole = wire.stream(TEXT)

  test('that is refused', async () => {
    const { host } = new URL(server().url)
    await server().close()
    const failure = await model().call(REQUEST, optionsWith())
    expect(failure).toMatchObject({ ok: false, class: 'network', message: `connect ECONNREFUSED ${host} (${host})` })
  })

  test('that is closed before the answer', async () => {
    const message = expect.stringContaining(`(${new URL(server().url).host})`) as string
    expect(await failureOn('hangUp')).toMatchObject({ class: 'network', message })
  })

  test('that is cut inside the answer', async () => {
    expect(await failureOn({ stream: whole.slice(0, 3), ending: 'socketCut' })).toMatchObject({ class: 'network' })
  })

  test('on which an event comes cut', async () => {
    const failure = await failureOn({ stream: [...whole.slice(0, 2), 'event: message_delta\ndata: {"type": "mess\n\n', ...whole.slice(2)] })
    expect(failure).toMatchObject({ class: 'protocol', message: expect.stringMatching(/JSON/) as string })
  })

  test.each(Object.entries(wire.streamErrors))(
    'on which the vendor says in the middle that it failed: %s',
    async (_how, [stream, failureClass]) => {
      expect(await failureOn({ stream })).toMatchObject({ class: failureClass })
    },
  )

  test('on which nothing comes in time', async () => {
    const failure = await callWith('hang', REQUEST, optionsWith({ timeoutMs: 50 }))
    expect(failure).toMatchObject({ ok: false, class: 'timeout', message: `no answer came within 50 ms (${new URL(server().url).host})` })
  })

  test('on which the answer is not complete in time', async () => {
    const failure = await callWith({ stream: whole.slice(0, 3), ending: 'never' }, REQUEST, optionsWith({ timeoutMs: 100 }))
    expect(failure).toMatchObject({
      ok: false,
      class: 'timeout',
      message: `the answer was not complete within 100 ms (${new URL(server().url).host})`,
    })
  })

  test('sends the key, and no header that is not ours', async () => {
    vi.stubEnv('OPENAI_CUSTOM_HEADERS', 'x-from-the-environment: 1\nauthorization: Bearer another')
    vi.stubEnv('ANTHROPIC_CUSTOM_HEADERS', 'x-from-the-environment: 1\nauthorization: Bearer another')
    await callWith({ stream: whole })
    vi.unstubAllEnvs()
    const headers = server().requests[0]?.headers ?? {}
    expect(headers.authorization).toBe('Bearer key-1')
    const written = await model().written?.(REQUEST, {})
    expect(headers[written?.key.header ?? '']).toBe(`${written?.key.before ?? ''}key-1`)
    const known = ['accept', 'accept-encoding', 'accept-language', 'authorization', 'anthropic-version', 'connection', 'content-length']
    const ours = [...known, 'content-type', 'host', 'sec-fetch-mode', 'user-agent']
    expect(Object.keys(headers).filter((name) => !ours.includes(name))).toEqual([])
  })
}

const aborts = ({ wire, server, model, callWith }: Context): void => {
  const reason = new Error('the run was cancelled')

  test('before the call: it ends with the reason, and nothing is sent', async () => {
    await expect(model().call(REQUEST, optionsWith({ signal: AbortSignal.abort(reason) }))).rejects.toBe(reason)
    expect(server().requests).toHaveLength(0)
  })

  test('before the answer: it ends with the reason', async () => {
    const controller = new AbortController()
    const received = server().received()
    const call = callWith('hang', REQUEST, optionsWith({ signal: controller.signal }))
    const ended = expect(call).rejects.toBe(reason)
    await received
    controller.abort(reason)
    await ended
  })

  test('inside the answer: it ends with the reason', async () => {
    const controller = new AbortController()
    const onDelta = (): void => controller.abort(reason)
    const reply: Reply = { stream: wire.stream(TEXT).slice(0, -wire.terminalPieces), ending: 'never' }
    const call = callWith(reply, REQUEST, optionsWith({ signal: controller.signal, onDelta }))
    await expect(call).rejects.toBe(reason)
  })
}
