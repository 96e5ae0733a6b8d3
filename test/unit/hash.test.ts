import { fc } from '../support/fast-check.ts'
import { describe, expect, test } from 'vitest'
import * as browser from '../../src/hash.browser.ts'
import * as node from '../../src/hash.node.ts'

describe('the hash of a text', () => {
  test.each([
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  ])('is that of FIPS 180-4: %j', (text, expected) => {
    expect([node.sha256Hex(text), browser.sha256Hex(text)]).toEqual([expected, expected])
  })

  test('is the same in a browser, also of halves of characters', () => {
    const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom('\ud800', '\udc00', 'é', 'x', '\0') }))
    fc.assert(
      fc.property(anyText, (text) => {
        expect(browser.sha256Hex(text)).toBe(node.sha256Hex(text))
      }),
    )
  })
})
