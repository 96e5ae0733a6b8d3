import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeEvent, type StoredTexts } from '../../src/events/codec.ts'
import { foldRun } from '../../src/fold/folded-run.ts'
import { browserBundle } from '../support/browser-bundle.ts'
import { hasChromium, noteWithoutChromium, openBrowser, type Browser } from './browser.ts'

const root = resolve(import.meta.dirname, '../..')
const histories = join(root, 'test/replay/histories')
const files = readdirSync(histories, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ndjson'))

const SUITE = 'refold/core in a browser'
noteWithoutChromium(SUITE)

describe.skipIf(!hasChromium)(SUITE, () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await openBrowser(SUITE)
  }, 60_000)
  afterAll(() => browser[Symbol.asyncDispose]())

  test('folds in Chromium every recorded history to the end that Node sees', async () => {
    const { page } = await browser.visit('http://localhost')
    await page.addScriptTag({ content: (await browserBundle(join(root, 'src/core.ts'), 'core')).code })
    for (const file of files) {
      const lines = readFileSync(join(histories, file), 'utf8').trimEnd().split('\n')
      const events = lines.map((line) => decodeEvent(JSON.parse(line) as StoredTexts, new Map()))
      const seen = await page.evaluate<unknown>(`JSON.parse(JSON.stringify(
        core.foldRun(${JSON.stringify(lines)}.map((line) => core.decodeEvent(JSON.parse(line), new Map()))).view()))`)
      expect(seen, file).toEqual(JSON.parse(JSON.stringify(foldRun(events).view())))
    }
  }, 60_000)
})
