import { describe, expect, test } from 'vitest'
import { allowList } from '../../../src/tools/allow-list.ts'

const allows = (entry: string, url: string): boolean => allowList([entry])(new URL(url))

describe('an allow-list', () => {
  test('takes a bare host for https on the usual port', () => {
    expect(allows('api.example.com', 'https://api.example.com/any?thing')).toBe(true)
    expect(allows('API.example.com', 'https://api.EXAMPLE.com:443/')).toBe(true)
  })

  test.each([
    'http://api.example.com/',
    'https://api.example.com:8443/',
    'https://api.example.com.evil.test/',
    'https://evil-api.example.com/',
    'https://sub.api.example.com/',
    'https://example.com/',
    'https://api.example.com./',
    'https://evil.test/?https://api.example.com/',
    'https://evil.test#api.example.com',
  ])('keeps %s out where only api.example.com is named', (url) => {
    expect(allows('api.example.com', url)).toBe(false)
  })

  test('allows what lies below a path, and nothing beside it', () => {
    const entry = 'https://api.example.com/v1'
    expect(allows(entry, 'https://api.example.com/v1')).toBe(true)
    expect(allows(entry, 'https://api.example.com/v1/fares')).toBe(true)
    expect(allows(`${entry}/`, 'https://api.example.com/v1/fares')).toBe(true)
    expect(allows(entry, 'https://api.example.com/v10')).toBe(false)
    expect(allows(entry, 'https://api.example.com/')).toBe(false)
  })

  test.each(['v1/../admin', 'v1/%2e%2e/admin', 'v1/..%2fadmin', 'v1/..%5Cadmin', 'v1\\..\\admin'])(
    'is not climbed out of by %s',
    (path) => {
      expect(allows('https://api.example.com/v1', `https://api.example.com/${path}`)).toBe(false)
    },
  )

  test.each([
    'v1/..;/admin',
    'v1/..;x=1/admin',
    'v1/.;/..;/admin',
    'v1/;/admin',
    'v1//admin',
    'v1//..;/admin',
    'v1/%2e%2e;/admin',
    'v1/.%2e;/admin',
    'v1/%252e%252e/admin',
    'v1/..%252fadmin',
    'v1/%c0%ae%c0%ae/admin',
    'v1/%u002e%u002e/admin',
    'v1/..%00/admin',
    'v1/..%20/admin',
    'v1/..%09/admin',
    'v1/.../admin',
    'v1/%2e%2e%3b/admin',
    'v1/\uFF0E\uFF0E/admin',
    'v1/%EF%BC%8E%EF%BC%8E/admin',
    'v1/%2fadmin',
    'v1/..%ff/admin',
    'v1/a%0d%0aHost: x',
  ])('is not climbed out of by what some server takes for the way up: %s', (path) => {
    expect(allows('https://api.example.com/v1', `https://api.example.com/${path}`)).toBe(false)
  })

  test.each([
    'v1/fares;class=2',
    'v1/fares/',
    'v1/..fares',
    'v1/fares..',
    'v1/.well-known/x',
    'v1/caf%C3%A9',
    'v1/a%20b',
    'v1/a+b',
    'v1/fares?to=../..',
  ])('lets through what is nothing but a name: %s', (path) => {
    expect(allows('https://api.example.com/v1', `https://api.example.com/${path}`)).toBe(true)
  })

  test.each([
    '',
    'ftp://example.com',
    'https://me:you@example.com',
    'https://example.com?x=1',
    'https://example.com#x',
    '*.example.com',
    'a b',
  ])('refuses the entry "%s"', (entry) => {
    expect(() => allowList([entry])).toThrow(expect.objectContaining({ code: 'InvalidConfiguration' }))
  })

  test('names at least one host', () => {
    expect(() => allowList([])).toThrow('allow has to name at least one host')
  })
})
