import { calcPrice, findProvider } from '@pydantic/genai-prices'
import { z } from 'zod'

import { AppError } from '../errors.ts'
import type { Usage } from '../events/message.ts'
import { refuseUnknownOptions, type OptionNames } from '../known-options.ts'
import { shown } from '../text.ts'
import { providerIn, type Models } from './model.ts'

/** Micro-dollars for a million tokens: a price of $2.50 is 2_500_000. Cached tokens cost what other input costs unless it is said. */
export interface ModelPrice {
  readonly inputMicroUsdPerMTok: number
  readonly outputMicroUsdPerMTok: number
  readonly cacheReadMicroUsdPerMTok?: number | undefined
  readonly cacheWriteMicroUsdPerMTok?: number | undefined
}

/** By `provider/model`. Goes before the table. */
export type PriceOverrides = Readonly<Record<string, ModelPrice>>

const PRICE: OptionNames<ModelPrice> = {
  inputMicroUsdPerMTok: true,
  outputMicroUsdPerMTok: true,
  cacheReadMicroUsdPerMTok: true,
  cacheWriteMicroUsdPerMTok: true,
}

const perMillionTokens = z.number('expected millionths of a dollar per million tokens').nonnegative()

/** What a price is: also for whoever has no types. */
export const modelPrice = z.strictObject(
  {
    inputMicroUsdPerMTok: perMillionTokens,
    outputMicroUsdPerMTok: perMillionTokens,
    cacheReadMicroUsdPerMTok: perMillionTokens.optional(),
    cacheWriteMicroUsdPerMTok: perMillionTokens.optional(),
  },
  'expected a price of an input and an output',
)

/** What a cost was computed with: stored beside it, so that it can be explained later. */
export const priceTableVersion = '@pydantic/genai-prices@0.1.8'

/** The day of the table. A price that changes on a known day is taken as of then, not as of today: same input, same cost. */
const TABLE_DAY = '2026-09-23'

/**
 * What a call cost, in whole micro-dollars, rounded up. Undefined where nobody knows: neither `overrides` nor the table
 * names this provider and this model in full, though it may name one that looks alike. Pure.
 */
export const costMicroUsd = (provider: string, model: string, usage: Usage, overrides: PriceOverrides = {}): number | undefined => {
  const override = overrides[`${provider}/${model}`]
  return override ? costAt(override, usage) : costInTable(provider, model, usage)
}

/** The same for `provider/model`; nothing where the provider asks for nothing. Throws `InvalidConfiguration` for what is no price. */
export const costOf = (models: Models, overrides: PriceOverrides = {}): ((model: string, usage: Usage) => number | undefined) => {
  checkPrices(overrides)
  /** Providers of nobody's: the table is gone through for each of them once. */
  const notInTable = new Set(Object.keys(models).filter((provider) => findProvider({ providerId: provider })?.id !== provider))
  return (model, usage) => {
    const slash = model.indexOf('/')
    const provider = model.slice(0, slash)
    const isUnknown = notInTable.has(provider) && overrides[model] === undefined
    const known = isUnknown ? undefined : costMicroUsd(provider, model.slice(slash + 1), usage, overrides)
    return known ?? (providerIn(models, provider)?.isFree === true ? 0 : undefined)
  }
}

/** With a part of a price missing, a cost would be no number, and no limit of money would ever be reached. */
const checkPrices = (overrides: PriceOverrides): void => {
  for (const [model, price] of Object.entries(overrides)) {
    refuseUnknownOptions(`the price of ${model}`, Object(price) as object, PRICE)
    const issue = modelPrice.safeParse(price).error?.issues[0]
    if (issue === undefined) continue
    const [field] = issue.path
    const found: unknown = field === undefined ? price : Reflect.get(price, field)
    const problem = `the price of ${model}: ${field === undefined ? '' : `${String(field)}: `}${issue.message}, found ${shown(found)}`
    throw new AppError('InvalidConfiguration', problem, { details: { model, found: shown(found) } })
  }
}

const costAt = (price: ModelPrice, usage: Usage): number => {
  const { inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens } = usage
  const { inputMicroUsdPerMTok: input, outputMicroUsdPerMTok: output } = price
  const total =
    Math.max(0, inputTokens - cacheReadTokens - cacheWriteTokens) * input +
    cacheReadTokens * (price.cacheReadMicroUsdPerMTok ?? input) +
    cacheWriteTokens * (price.cacheWriteMicroUsdPerMTok ?? input) +
    outputTokens * output
  return Math.ceil(total / 1_000_000)
}

const costInTable = (provider: string, model: string, usage: Usage): number | undefined => {
  const { inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens } = usage
  const counted = {
    input_tokens: Math.max(inputTokens, cacheReadTokens + cacheWriteTokens),
    cache_read_tokens: cacheReadTokens,
    cache_write_tokens: cacheWriteTokens,
    output_tokens: outputTokens,
  }
  const priceAt = (time: string) => calcPrice(counted, model, { providerId: provider, timestamp: new Date(`${TABLE_DAY}T${time}`) })
  const found = priceAt('12:00:00Z')
  if (found?.provider.id !== provider || !namesInFull(found.model, model) || !sellsText(found.model_price)) return undefined
  const dollars = [found, ...hoursOf(found.model).map(priceAt)].map((price) => price?.total_price ?? 0)
  return roundedUp(Math.max(...dollars))
}

type TableEntry = NonNullable<ReturnType<typeof calcPrice>>['model']

const sellsText = (price: Readonly<Record<string, unknown>>): boolean => 'input_mtok' in price && 'output_mtok' in price

/** Where the price depends on the hour, each hour at which it changes: the dearest counts. */
const hoursOf = ({ prices }: TableEntry): string[] =>
  Array.isArray(prices) ? prices.flatMap(({ constraint }) => (constraint?.type === 'time_of_date' ? [constraint.start_time] : [])) : []

const DATE_SUFFIX = /-(\d{8}|\d{4}-\d{2}-\d{2})$/

/**
 * The table finds an entry by patterns, and so prices `claude-sonnet-5-5` as `claude-sonnet-5`. In full means: the entry's id
 * or a name that it lists, or a dated snapshot of one. An entry that prices a snapshot apart is found by its own id.
 */
const namesInFull = (entry: TableEntry, model: string): boolean => {
  const listed = literalsOf(entry.match)
  if (model === entry.id || listed.equals.includes(model)) return true
  const undated = model.replace(DATE_SUFFIX, '')
  return undated !== model && [entry.id, ...listed.equals, ...listed.prefixes].includes(undated)
}

const literalsOf = (match: TableEntry['match']): { equals: string[]; prefixes: string[] } => {
  const all = 'or' in match ? match.or : [match]
  return {
    equals: all.flatMap((one) => ('equals' in one ? [one.equals] : [])),
    prefixes: all.flatMap((one) => ('starts_with' in one ? [one.starts_with] : [])),
  }
}

/** The table computes with fractions, whose last digits are noise: rounding up 2982.0000000000005 would charge one too many. */
const roundedUp = (dollars: number): number => Math.ceil(Math.round(dollars * 1e9) / 1e3)
