import { readFileSync } from 'node:fs'

import { describe, expect, test } from 'vitest'

import type { Usage } from '../../../src/events/message.ts'
import type { Model } from '../../../src/models/model.ts'
import { costMicroUsd, costOf, priceTableVersion } from '../../../src/models/prices.ts'
import { scriptedModel } from '../../../src/models/scripted/scripted-model.ts'

const usage = (counts: Partial<Usage>): Usage => ({
  inputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
  ...counts,
})
const MIXED = usage({ inputTokens: 1000, cacheReadTokens: 100, cacheWriteTokens: 50, outputTokens: 100 })

describe('the cost of a model call', () => {
  test('counts input, cache and output at their own prices, in whole micro-dollars', () => {
    // $2 in, $0.20 cache read, $2.50 cache write, $10 out, for a million tokens each
    expect(costMicroUsd('anthropic', 'claude-sonnet-5', MIXED)).toBe(850 * 2 + 100 * 0.2 + 50 * 2.5 + 100 * 10)
  })

  test('is rounded up, and not by the noise of fractions', () => {
    expect(costMicroUsd('openai', 'gpt-4o-mini', usage({ inputTokens: 1 }))).toBe(1)
    const cached = usage({ inputTokens: 1000, cacheReadTokens: 10, outputTokens: 100 })
    expect(costMicroUsd('openai', 'gpt-6-sol', cached)).toBe(990 * 2 + 10 * 0.2 + 100 * 10)
  })

  test('is nothing for no tokens, so asking with none tells whether the price is known', () => {
    expect(costMicroUsd('openai', 'gpt-4o', usage({}))).toBe(0)
  })

  test.each([
    ['openai', 'gpt-4o-2024-08-06'],
    ['openai', 'gpt-4o-2024-05-13'],
    ['anthropic', 'claude-haiku-4-5-20251001'],
    ['anthropic', 'claude-opus-5-5-20261001'],
  ])('is known for the snapshot %s/%s', (provider, model) => {
    expect(costMicroUsd(provider, model, MIXED)).toBeGreaterThan(0)
  })

  test('of a snapshot that the table prices apart is its own', () => {
    expect(costMicroUsd('openai', 'gpt-4o-2024-05-13', MIXED)).not.toBe(costMicroUsd('openai', 'gpt-4o', MIXED))
  })

  test.each([
    ['anthropic', 'claude-sonnet-5-5'],
    ['openai', 'gpt-6.1-sol'],
    ['openai', 'gpt-4o-2099-01-01'],
    ['openai', 'GPT-4o'],
    ['openai', 'text-embedding-3-large'],
    ['my-anthropic-proxy', 'claude-sonnet-5'],
    ['local', 'llama'],
  ])('is unknown for %s/%s, which the table does not name', (provider, model) => {
    expect(costMicroUsd(provider, model, MIXED)).toBeUndefined()
  })

  test('is the dearest of the day where the price depends on the hour', () => {
    expect(costMicroUsd('deepseek', 'deepseek-chat', usage({ inputTokens: 1_000_000 }))).toBe(270_000)
  })

  test('follows the price that the user states', () => {
    const overrides = { 'local/llama': { inputMicroUsdPerMTok: 100_000, outputMicroUsdPerMTok: 400_000, cacheReadMicroUsdPerMTok: 0 } }
    expect(costMicroUsd('local', 'llama', MIXED, overrides)).toBe(900 * 0.1 + 100 * 0.4)
    expect(costMicroUsd('local', 'llama', usage({ outputTokens: 1 }), overrides)).toBe(1)
  })

  test('is nothing where a provider asks for nothing, unless the user or the table names a price', () => {
    const free = scriptedModel([])
    const paid: Model = { call: () => Promise.reject(new Error('not called')) }
    const cost = costOf(
      { scripted: free, openai: free, local: paid },
      { 'scripted/dear': { inputMicroUsdPerMTok: 1e6, outputMicroUsdPerMTok: 0 } },
    )
    const asked = usage({ inputTokens: 1_000_000 })
    expect(cost('scripted/one', asked)).toBe(0)
    expect(cost('scripted/dear', asked)).toBe(1_000_000)
    expect(cost('openai/gpt-4o', asked)).toBe(costMicroUsd('openai', 'gpt-4o', asked))
    expect(cost('openai/gpt-4o', asked)).toBeGreaterThan(0)
    expect(cost('openai/of-nobody', asked)).toBe(0)
    expect(cost('local/one', asked)).toBeUndefined()
  })

  test('names the table that is installed', () => {
    const url = new URL('../../../node_modules/@pydantic/genai-prices/package.json', import.meta.url)
    const { name, version } = JSON.parse(readFileSync(url, 'utf8')) as { name: string; version: string }
    expect(priceTableVersion).toBe(`${name}@${version}`)
  })
})
