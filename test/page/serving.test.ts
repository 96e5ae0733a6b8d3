import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openService } from '../http/service.ts'
import { accessible, hasChromium, noteWithoutChromium, openBrowser, type Browser } from './browser.ts'

noteWithoutChromium('the page')

describe.skipIf(!hasChromium)('the page', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await openBrowser('the page')
  }, 60_000)
  afterAll(() => browser[Symbol.asyncDispose]())

  test.each(['wide', 'narrow'] as const)(
    'is served by the service itself, and asks nobody else, %s',
    async (size) => {
      await using service = await openService()
      await service.run('hello')
      const visit = await browser.visit(service.url, { size })
      await visit.open('/', 'hello')
      await accessible(visit)
      expect(visit.complaints()).toEqual([])
    },
    60_000,
  )
})
