import { textContent } from '../../../src/events/content.ts'
import { fc } from '../../support/fast-check.ts'
import { describe, expect, test } from 'vitest'

import type { Message } from '../../../src/events/message.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'
import { answer, failure, toolCalls } from '../../../src/models/scripted/script.ts'
import { patiently as options, promptOf } from '../../support/model-server-requests.ts'

const request = (messages: readonly Message[] = [{ role: 'user', parts: textContent('Hello') }]) => promptOf(...messages)

describe('a scripted model', () => {
  test('answers in the order of its list', async () => {
    const model = scriptedModel([toolCalls([{ name: 'find', arguments: { b: 1, a: 2 } }], 'Let me look.'), answer('Done.')])
    expect(await model.call(request(), options())).toMatchObject({
      ok: true,
      stop: 'tool_calls',
      parts: [
        { type: 'text', text: 'Let me look.' },
        { type: 'toolCall', id: 'call_1', name: 'find', argumentsText: '{"a":2,"b":1}' },
      ],
    })
    expect(await model.call(request(), options())).toMatchObject({ stop: 'stop', parts: [{ type: 'text', text: 'Done.' }] })
  })

  test('gives each tool call of a conversation its own id, in whichever process it goes on', async () => {
    const before: Message = { role: 'assistant', parts: [{ type: 'toolCall', id: 'call_1', name: 'find', argumentsText: '{}' }] }
    const outcome = await scriptedModel([toolCalls([{ name: 'find', arguments: {} }])]).call(request([before]), options())
    expect(outcome).toMatchObject({ parts: [{ id: 'call_2' }] })
  })

  test('computes its answer from the request and the number of the call', async () => {
    const model = scriptedModel(({ messages }, callNumber) => answer(`${String(messages.length)} messages, call ${String(callNumber)}`))
    await model.call(request(), options())
    expect(await model.call(request(), options())).toMatchObject({ parts: [{ text: '1 messages, call 2' }] })
  })

  test('fails as it is told to', async () => {
    const model = scriptedModel([failure('rateLimit', { retryAfterMs: 2000 })])
    expect(await model.call(request(), options())).toEqual({
      ok: false,
      class: 'rateLimit',
      message: 'scripted rateLimit',
      retryAfterMs: 2000,
    })
  })

  test('says what it was asked when its list has run out', async () => {
    await expect(scriptedModel([]).call(request(), options())).rejects.toMatchObject({
      code: 'RecordingMissing',
      message: 'the script has 0 answers and was asked for one more, by model-1 after user "Hello"',
    })
  })

  test('streams its text in pieces that join to the whole', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), async (text) => {
        const pieces: string[] = []
        await scriptedModel([answer(text)]).call(request(), { ...options(), onDelta: (piece) => pieces.push(piece) })
        expect(pieces.join('')).toBe(text)
      }),
    )
  })

  test('counts the same tokens for the same call, and more for a longer prompt', async () => {
    const usageOf = async (text: string): Promise<number> => {
      const outcome = await scriptedModel([answer('Yes.')]).call(request([{ role: 'user', parts: textContent(text) }]), options())
      return outcome.usage?.inputTokens ?? 0
    }
    expect(await usageOf('Hello')).toBe(await usageOf('Hello'))
    expect(await usageOf('Hello, are you there?')).toBeGreaterThan(await usageOf('Hello'))
  })

  test('counts four characters of the JSON of its prompt to a token, each message that nobody can change once', async () => {
    let written = 0
    const said = (text: string): Message => ({ role: 'assistant', parts: [{ type: 'text', text }] })
    const watched = (message: Message): Message => Object.freeze({ ...message, toJSON: () => (written++, message) })
    const messages = [watched(said('one')), watched(said('two, "quoted"')), said('three')]
    const counted = async (given: readonly Message[]): Promise<number> => {
      const { usage } = await scriptedModel([answer('Yes.')]).call(request(given), options())
      return usage?.inputTokens ?? 0
    }
    const { instructions, tools, output } = request()
    const expected = (given: readonly Message[]): number =>
      Math.ceil(JSON.stringify([instructions, given, tools, output?.schema ?? null]).length / 4)
    for (const count of [0, 1, 2, 3, 3]) expect(await counted(messages.slice(0, count))).toBe(expected(messages.slice(0, count)))
    written = 0
    await counted(messages)
    expect(written).toBe(0)
  })

  test('keeps the usage that the script states', async () => {
    const usage = { inputTokens: 10, cacheReadTokens: 4, cacheWriteTokens: 0, outputTokens: 3, reasoningTokens: 1 }
    expect(await scriptedModel([answer('Yes.', usage)]).call(request(), options())).toMatchObject({ usage })
  })

  test('ends with the reason of the caller who gave up', async () => {
    const reason = new Error('the run was cancelled')
    const call = scriptedModel([answer('Yes.')]).call(request(), { ...options(), signal: AbortSignal.abort(reason) })
    await expect(call).rejects.toBe(reason)
  })
})
