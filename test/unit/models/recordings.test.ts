import { textContent } from '../../../src/events/content.ts'
import { describe, expect, test } from 'vitest'

import type { Json } from '../../../src/json.ts'
import { recordedModel } from '../../../src/models/recorded/recorded-model.ts'
import { openaiChatRecording } from '../../../src/models/recorded/openai-chat-recording.ts'
import {
  matchExactly,
  recordedFetch,
  recordingFetch,
  type Recording,
  type RecordingMatch,
} from '../../../src/models/recorded/recordings.ts'
import { patiently, promptOf } from '../../support/model-server-requests.ts'

const HELLO = promptOf({ role: 'user', parts: textContent('Hello') })
const said = (content: string): { content: string } => ({ content })
const anything: RecordingMatch = () => 'any'

describe('a recorded model', () => {
  test('answers as the recorded conversation did, through the real adapter', async () => {
    const message = {
      content: null,
      tool_calls: [
        { id: 'call_A', type: 'function', function: { name: 'find', arguments: '{"a": 1.0}' } },
        { id: 'call_B', type: 'function', function: { name: 'find', arguments: '{}' } },
      ],
    }
    const model = recordedModel({ api: 'openai-chat', recordings: [openaiChatRecording('any', message, 'gpt-4o')], match: anything })
    expect(await model.call(HELLO, patiently())).toMatchObject({
      ok: true,
      parts: [
        { type: 'toolCall', id: 'call_A', name: 'find', argumentsText: '{"a": 1.0}' },
        { type: 'toolCall', id: 'call_B', name: 'find', argumentsText: '{}' },
      ],
      stop: 'tool_calls',
      model: 'gpt-4o',
      usage: { outputTokens: 5 },
      dropped: ['usage'],
    })
  })

  test('says what it was asked when that was never recorded, and that is no failure of the network', async () => {
    for (const api of ['openai-chat', 'openai-responses', 'anthropic'] as const) {
      const call = recordedModel({ api, recordings: [], match: () => 'key-1' }).call(HELLO, patiently())
      await expect(call).rejects.toMatchObject({
        code: 'RecordingMissing',
        message: expect.stringMatching(/\/v1\/\S+ with key key-1 .*Hello/) as string,
      })
    }
  })

  test('answers the same request in the order of its recordings, then with the last', async () => {
    const recordings = ['one', 'two'].map((text) => openaiChatRecording('any', said(text), 'gpt-4o'))
    const model = recordedModel({ api: 'openai-chat', recordings, match: anything })
    const texts: unknown[] = []
    for (let call = 0; call < 3; call++) texts.push(await model.call(HELLO, patiently()))
    expect(texts).toMatchObject(['one', 'two', 'two'].map((text) => ({ parts: [{ text }] })))
  })

  test('finds a request by what the caller chooses', async () => {
    const byLastMessage: RecordingMatch = (_url, body) => String((body as { messages: { content: string }[] }).messages.at(-1)?.content)
    const recordings = [openaiChatRecording('Hello', said('Hi.'), 'm'), openaiChatRecording('Bye', said('So long.'), 'm')]
    const model = recordedModel({ api: 'openai-chat', recordings, match: byLastMessage })
    expect(await model.call(promptOf({ role: 'user', parts: textContent('Bye') }), patiently())).toMatchObject({
      parts: [{ text: 'So long.' }],
    })
  })

  test('takes an answer that was recorded cut for what it was', async () => {
    const whole = openaiChatRecording('any', said('Hi.'), 'm')
    const cut = { ...whole, chunks: [...whole.chunks.slice(0, 1), 'data: {"choices": [\n\n'] }
    const model = recordedModel({ api: 'openai-chat', recordings: [cut], match: anything })
    expect(await model.call(HELLO, patiently())).toMatchObject({ ok: false, class: 'protocol' })
  })

  test('ends with the reason of the caller who gave up', async () => {
    const reason = new Error('the run was cancelled')
    const model = recordedModel({ api: 'openai-chat', recordings: [openaiChatRecording('any', said('Hi.'), 'm')], match: anything })
    await expect(model.call(HELLO, { ...patiently(), signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })
})

describe('a recording', () => {
  const exchange = async (body: string, response: Response, signal?: AbortSignal): Promise<Recording[]> => {
    const kept: Recording[] = []
    const fetch = recordingFetch(
      () => Promise.resolve(response),
      (recording) => kept.push(recording),
    )
    const answer = await fetch('https://vendor.example/v1/chat', { method: 'POST', body, ...(signal && { signal }) })
    if (signal) await answer.body?.cancel()
    else await answer.text()
    return kept
  }

  test('keeps what was said and nothing that is secret', async () => {
    const headers = { 'content-type': 'text/event-stream', 'set-cookie': 'secret', 'x-request-id': 'req-1' }
    const [recording] = await exchange('{"b":1,"a":2}', new Response('data: é\n\n', { status: 200, headers }))
    expect(recording).toEqual({
      key: matchExactly('', { a: 2, b: 1 }),
      path: '/v1/chat',
      status: 200,
      headers: { 'content-type': 'text/event-stream', 'x-request-id': 'req-1' },
      chunks: ['data: é\n\n'],
    })
  })

  test('keeps letters whole that came in two pieces', async () => {
    const bytes = new TextEncoder().encode('aéb')
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(bytes.slice(0, 2))
        controller.enqueue(bytes.slice(2))
        controller.close()
      },
    })
    const [recording] = await exchange('{}', new Response(body))
    expect(recording?.chunks.join('')).toBe('aéb')
    const replayed = await recordedFetch(recording ? [recording] : [])('https://vendor.example/v1/chat', { method: 'POST', body: '{}' })
    expect(new Uint8Array(await replayed.arrayBuffer())).toEqual(bytes)
  })

  test('is not made of an answer that the caller broke off', async () => {
    expect(await exchange('{}', new Response('data: 1\n\n'), AbortSignal.abort())).toEqual([])
  })

  test('has the same key for the same request, in whatever order its members stand', () => {
    const body: Json = { model: 'm', messages: [{ role: 'user', content: 'Hello' }] }
    expect(matchExactly('', { messages: [{ content: 'Hello', role: 'user' }], model: 'm' })).toBe(matchExactly('', body))
    expect(matchExactly('', { ...body, model: 'n' })).not.toBe(matchExactly('', body))
  })
})
