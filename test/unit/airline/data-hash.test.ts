import { hash } from 'node:crypto'
import { fc } from '../../support/fast-check.ts'
import { describe, expect, test } from 'vitest'
import { compareCodePoints, dataHash, hashText } from '../../../examples/airline/data-hash.ts'
import { parseJson } from '../../../examples/airline/parse-json.ts'
import { quoted } from '../../../examples/airline/python-text.ts'
import { call, smallAirline } from './small-airline.ts'

const NUMBERS = '[0, -0.0, 255.0, 1e16, 1e-5, 0.1, 123456789012345.6]'
const STRINGS = String.raw`["it's", "say \"hi\"", "both ' and \"", "back\\slash", "tab\tnl\n", "caf\u00e9", "\u00a0", "\u200b", "\ud83d\ude00", "\u007f\u0001"]`
const STRINGS_TEXT = String.raw`("it's", 'say "hi"', 'both \' and "', 'back\\slash', 'tab\tnl\n', 'café', '\xa0', '\u200b', '😀', '\x7f\x01')`

describe('the data hash', () => {
  test.each([
    ['{}', '()', '2e38e77b22c314a449e91fafed92a43826ac6aa403ae6a8acb6cf58239fbaf5d'],
    ['[]', '()', '2e38e77b22c314a449e91fafed92a43826ac6aa403ae6a8acb6cf58239fbaf5d'],
    ['[1]', '(1,)', '28cb03b06c288e88c6a880eeba293bf9c9bb9fa586128586459a486a511f832f'],
    ['{"a": 1}', "(('a', 1),)", '4f798fe9c78df93aa1bcc261edbd3e1e9b716ab581158271dd62421072c7f624'],
    ['{"B": 1, "a": 2, "_": 3}', "(('B', 1), ('_', 3), ('a', 2))", '3be06d4109c9fbaa59c5ac3ee854883137a174bebef3f468edc4031d62995b93'],
    [
      '{"b": [1, 2.0], "a": {"z": null, "y": true}}',
      "(('a', (('y', True), ('z', None))), ('b', (1, 2.0)))",
      'd52fbfccbf1a09b893bc0181b868503f69bc90c530f40068aaa2a67f73dc8a3f',
    ],
    [NUMBERS, '(0, -0.0, 255.0, 1e+16, 1e-05, 0.1, 123456789012345.6)', '4b2048774b1dfbb7d4f32cd6f0ec7d94a36a207a00d48d10b700e28f9985c41c'],
    [STRINGS, STRINGS_TEXT, 'a72c7698c4a80c605f2db362740ff3b7ecb4440d19ad2e740491a5dff15bdda6'],
  ])('of %s is that of the benchmark', (json, text, digest) => {
    expect(hashText(parseJson(json))).toBe(text)
    expect(hash('sha256', text, 'hex')).toBe(digest)
  })

  test('of a run covers its three tables', () => {
    const data = smallAirline()
    expect(dataHash(data)).toBe(hash('sha256', hashText(new Map(Object.entries(data))), 'hex'))
  })

  test('of changed data is the same whether or not the texts of their parts were known before', () => {
    const base = smallAirline()
    dataHash(base)
    const { data } = call(base, 'cancel_reservation', { reservation_id: '"RES001"' })
    expect(dataHash(data)).toBe(hash('sha256', hashText(new Map(Object.entries(data))), 'hex'))
    expect(dataHash(data)).not.toBe(dataHash(base))
    expect(dataHash(base)).toBe(dataHash(smallAirline()))
  })

  test('orders keys by code point, also above U+FFFF', () => {
    expect(['\u{1f600}', '\uffff', '\ud800', 'ab', 'a', ''].sort(compareCodePoints)).toEqual([
      '',
      'a',
      'ab',
      '\ud800',
      '\uffff',
      '\u{1f600}',
    ])
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        expect(Math.sign(compareCodePoints(a, b))).toBe(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))))
      }),
    )
  })

  test('escapes what Python cannot print', () => {
    expect(quoted('\u{e0001}\u2028\u3000\ud800')).toBe(String.raw`'\U000e0001\u2028\u3000\ud800'`)
  })
})
