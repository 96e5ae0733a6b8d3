import { textContent } from '../../../src/events/content.ts'
import { fc } from '../../support/fast-check.ts'
import { describe, expect, test } from 'vitest'

import type { AssistantPart, Message } from '../../../src/events/message.ts'
import type { ModelRequest } from '../../../src/models/model.ts'
import { promptOf } from '../../support/model-server-requests.ts'
import { accepted, strictVendors } from '../../support/strict-vendors.ts'

const user = (text: string): Message => ({ role: 'user', parts: textContent(text) })
const call = (argumentsText: string, fields: { readonly id?: string; readonly name?: string } = {}): AssistantPart => ({
  type: 'toolCall',
  id: fields.id ?? 'call_A',
  name: fields.name ?? 'find',
  argumentsText,
})
const said = (...parts: AssistantPart[]): Message => ({ role: 'assistant', parts })
const text = (words: string): AssistantPart => ({ type: 'text', text: words })
const result = (id: string, words: string, which?: number): Message => ({
  role: 'tool',
  id,
  name: 'find',
  parts: textContent(words),
  isError: false,
  ...(which !== undefined && { call: which }),
})

const find = { name: 'find', description: 'Finds.', inputSchema: { type: 'object' } }
const asked = (...messages: Message[]): ModelRequest => ({ ...promptOf(...messages), tools: [find] })
const withCall = (part: AssistantPart): ModelRequest =>
  asked(user('Find A.'), said(part), result(part.type === 'toolCall' ? part.id : '', 'found A'))
const firstCall = (vendor: keyof typeof strictVendors, request: ModelRequest) => {
  const { said: turns, dropped } = accepted(strictVendors[vendor]!, request)
  const [agent] = turns.filter((turn) => turn.by === 'agent')
  return { call: agent?.calls[0], dropped, turns }
}
const deep = (depth: number): string => '{"a":'.repeat(depth) + '1' + '}'.repeat(depth)

describe.each(Object.keys(strictVendors))('a conversation with one odd answer, told to %s,', (vendor) => {
  test.each([
    ['cut', '{"id": "17'],
    ['a list', '[{"id":"17"}]'],
    ['null', 'null'],
    ['a text', '"17"'],
    ['a number', '17'],
    ['followed by words', '{"id":"17"} as you wished'],
    ['in a fence', '```json\n{"id":"17"}\n```'],
    ['twice JSON', JSON.stringify(JSON.stringify({ id: '17' }))],
    ['a word', 'undefined'],
    ['very deep', deep(200)],
    ['a number that no double holds', '{"id":1e999}'],
  ])('shows the model arguments that are %s', (_what, argumentsText) => {
    const found = firstCall(vendor, withCall(call(argumentsText)))
    expect(found.call?.input).toEqual({ INVALID_JSON: argumentsText })
    expect(found.dropped).toContain('arguments')
  })

  test('keeps only the beginning of long arguments that are no JSON, and no half of a character', () => {
    const found = firstCall(vendor, withCall(call(`x${'😀'.repeat(100_000)}`)))
    expect(JSON.stringify(found.call?.input).length).toBeLessThan(5_000)
  })

  test.each([
    ['nothing', '', {}],
    ['white space', ' \n', {}],
    ['half of a surrogate pair as it is', '{"a":"\ud83d"}', { a: '\ufffd' }],
    ['half of a surrogate pair as an escape', '{"a":"\\ud83d","\\udc00":1}', { a: '\ufffd', '\ufffd': 1 }],
    ['two members of one name, of which the last counts', '{"a":1,"a":{"b":":"}}', { a: { b: ':' } }],
  ])('mends arguments with %s', (_what, argumentsText, input) => {
    const found = firstCall(vendor, withCall(call(argumentsText)))
    expect(found.call?.input).toEqual(input)
    expect(found.dropped).toContain('arguments')
  })

  test('leaves what is legal letter for letter', () => {
    const { body, dropped } = accepted(strictVendors[vendor]!, withCall(call('{"b" : 1.0, "é":"a:\\"b"}', { id: 'call00001' })))
    expect(dropped).toEqual([])
    if (vendor !== 'Messages') expect(JSON.stringify(body)).toContain(JSON.stringify('{"b" : 1.0, "é":"a:\\"b"}'))
  })

  test.each(['multi_tool_use.parallel', 'find order', '', 'найти', 'x'.repeat(200), 'a\nb', '\ud83d', 'functions/find'])(
    'names an invented tool legally: %j',
    (name) => {
      const found = firstCall(vendor, withCall(call('{}', { name })))
      expect(found.call?.name).not.toBe('find')
      expect(found.dropped).toContain('toolNames')
    },
  )

  test('gives two invented names two legal ones, and none that a tool has', () => {
    const request = {
      ...asked(
        user('Find.'),
        said(
          call('{}', { id: 'call_A', name: 'fi.nd' }),
          call('{}', { id: 'call_B', name: 'fi nd' }),
          call('{}', { id: 'call_C', name: 'fi_nd' }),
        ),
      ),
      tools: [find, { ...find, name: 'fi_nd' }],
    }
    const [agent] = accepted(strictVendors[vendor]!, request).said.filter((turn) => turn.by === 'agent')
    const names = agent?.calls.map(({ name }) => name) ?? []
    expect(new Set(names).size).toBe(3)
    expect(names[2]).toBe('fi_nd')
  })

  test.each(['', ' ', 'functions.find:0!', 'x'.repeat(300), 'é', 'call|fc_1', '\udc00'])(
    'gives a call with the id %j one that it takes',
    (id) => {
      const found = firstCall(vendor, withCall(call('{}', { id })))
      expect(found.turns).toContainEqual({ by: 'tool', id: found.call?.id, text: 'found A' })
      expect(found.dropped).toContain('toolCallIds')
    },
  )

  test('tells calls of one id apart, whichever result came first', () => {
    const answers = [result('x', 'of the second', 1), result('x', 'of the first', 0)]
    const request = asked(user('Find.'), said(call('{"n":1}', { id: 'x' }), call('{"n":2}', { id: 'x' })), ...answers)
    const { said: turns } = accepted(strictVendors[vendor]!, request)
    const agent = turns.find((turn) => turn.by === 'agent')
    const told = agent?.calls.map(({ id }) => turns.find((turn) => turn.by === 'tool' && turn.id === id))
    expect(told).toMatchObject([{ text: 'of the first' }, { text: 'of the second' }])
  })

  test('makes ids unique that an answer repeats from another', () => {
    const request = asked(user('1'), said(call('{}', { id: 'x' })), result('x', 'a'), said(call('{}', { id: 'x' })), result('x', 'b'))
    expect(accepted(strictVendors[vendor]!, request).said.flatMap((turn) => (turn.by === 'tool' ? [turn.text] : []))).toEqual(['a', 'b'])
  })

  test.each<[string, Message[], string]>([
    ['two messages in a row', [user('a'), user('b')], 'turns'],
    ['a blank message', [user(' \n')], 'blankTexts'],
    ['a blank answer', [user('a'), said(text(' ')), user('b')], 'blankTexts'],
    ['two answers in a row', [user('a'), said(text('b')), said(text('c')), user('d')], 'turns'],
    ['an answer as its last word', [user('a'), said(text('b'))], 'turns'],
    ['an answer as its first word', [said(text('b')), user('a')], 'turns'],
    ['no message', [], 'turns'],
    ['a call without its result', [user('a'), said(call('{}')), user('b')], 'toolResults'],
    ['a result of no call', [user('a'), result('y', 'b'), user('c')], 'toolResults'],
    ['a result that comes twice', [user('a'), said(call('{}')), result('call_A', 'b'), result('call_A', 'c')], 'toolResults'],
    ['a message before the result', [user('a'), said(call('{}')), user('b'), result('call_A', 'c')], 'toolResults'],
    ['half of a character', [user('a\ud83d')], 'unicode'],
    ["another vendor's thinking", [user('a'), said({ type: 'opaque', vendor: 'x', content: null }, text('b')), user('c')], 'opaque:x'],
  ])('is legal with %s, and the change is named', (_what, messages, change) => {
    expect(accepted(strictVendors[vendor]!, asked(...messages)).dropped).toContain(change)
  })

  test('is legal, whatever it holds', () => {
    const word = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', ' ', '\ud83d', 'call_A', 'find', '{}', 'functions.x:0'))
    const part = fc.oneof(
      fc.record({ type: fc.constant('text' as const), text: word }),
      fc.record({ type: fc.constant('toolCall' as const), id: word, name: word, argumentsText: fc.oneof(word, fc.json()) }),
      fc.record({
        type: fc.constant('opaque' as const),
        vendor: fc.constantFrom('anthropic', 'openai', 'x'),
        content: fc.constantFrom(null, 5, {}, []),
      }),
    )
    const words = word.map(textContent)
    const message: fc.Arbitrary<Message> = fc.oneof(
      fc.record({ role: fc.constant('user' as const), parts: words }),
      fc.record({ role: fc.constant('assistant' as const), parts: fc.array(part, { maxLength: 4 }) }),
      fc.record({ role: fc.constant('tool' as const), id: word, name: word, parts: words, isError: fc.boolean() }),
    )
    fc.assert(
      fc.property(fc.array(message, { maxLength: 8 }), word, (messages, instructions) => {
        accepted(strictVendors[vendor]!, { ...asked(...messages), instructions })
      }),
    )
  })
})

describe('a conversation with calls and without tools', () => {
  test('declares the tools that were called to Messages, which refuses it otherwise', () => {
    const { body, dropped } = accepted(strictVendors['Messages']!, { ...withCall(call('{}')), tools: [] })
    expect(body).toMatchObject({ tools: [{ name: 'find' }], tool_choice: { type: 'none' } })
    expect(dropped).toEqual(['tools'])
  })
})

describe('the name of an output', () => {
  test.each(['Responses', 'Chat Completions'])('is one that %s takes, though that of the agent is none', (vendor) => {
    const { body } = accepted(strictVendors[vendor]!, { ...asked(user('a')), output: { name: `a.${'b'.repeat(80)}`, schema: {} } })
    expect(JSON.stringify(body)).toContain(`"a_${'b'.repeat(62)}"`)
  })
})
