import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import { AppError, isAppError, messageOf } from '../errors.ts'
import { grownDatasets } from '../evals/growing/grow-rule.ts'
import type { EvalDefinition } from '../evals/define-eval.ts'
import { httpOptions } from '../http/http-options.ts'
import type { Agent } from '../runtime/agent.ts'
import type { Model } from '../models/model.ts'
import { modelPrice } from '../models/prices.ts'
import { sqlRoles } from '../views/checked-sql-query.ts'
import { namedQueries } from '../views/named-queries.ts'
import type { RefoldConfig } from './define-config.ts'

const FILE_NAMES = ['refold.config.ts', 'refold.config.js', 'refold.config.mjs']

const EXAMPLE = `
import { defineAgent, defineConfig } from 'refold'

export default defineConfig({
  dir: '.refold',
  agents: [defineAgent({ name: 'hello', version: '1', instructions: 'Be brief.', models: ['openai/gpt-5-mini'] })],
})`

/** From `given`, or from the file of the usual name in `cwd`, where a relative `dir` begins too, as in `openRefold`. Rejects with `InvalidConfiguration` where there is none, it throws or has another shape. */
export const loadConfig = async (cwd: string, given: string | undefined): Promise<RefoldConfig> => {
  const file = given === undefined ? findConfig(cwd) : resolve(cwd, given)
  if (!existsSync(file)) throw invalid(`Expected a configuration at ${file}, found no such file. It looks like this:\n${EXAMPLE}`, file)
  const config = checked(file, await importConfig(file))
  const { datasets } = config
  return { ...config, dir: resolve(cwd, config.dir), ...(datasets && { datasets: { ...datasets, dir: resolve(cwd, datasets.dir) } }) }
}

const findConfig = (cwd: string): string => {
  const found = FILE_NAMES.map((name) => join(cwd, name)).find((path) => existsSync(path))
  if (found !== undefined) return found
  throw invalid(`Expected ${FILE_NAMES.join(' or ')} in ${cwd}, found none. Name one with --config FILE, or make one:\n${EXAMPLE}`, cwd)
}

const importConfig = async (file: string): Promise<unknown> => {
  try {
    const module = (await import(pathToFileURL(file).href)) as Record<string, unknown>
    return module['default']
  } catch (cause) {
    const code = isAppError(cause) ? `${cause.code}: ` : ''
    throw invalid(`Expected ${file} to load, but it failed: ${code}${messageOf(cause)}${placeOf(file, cause)}`, file, cause)
  }
}

/** The line of the configuration that threw, if the stack names one. */
const placeOf = (file: string, thrown: unknown): string => {
  const stack = thrown instanceof Error ? (thrown.stack ?? '') : ''
  const url = pathToFileURL(file).href
  const line = stack.split('\n').find((each) => each.includes(url))
  const place = line === undefined ? undefined : /:(\d+(:\d+)?)\)?$/.exec(line)?.[1]
  return place === undefined ? '' : ` (at ${file}:${place})`
}

const agent = z.custom<Agent>((value) => hasAll(value, ['id', 'program', 'settings', 'tools']), 'expected an agent made by defineAgent()')
const model = z.custom<Model>((value) => hasAll(value, ['call']), 'expected a model, such as scriptedModel() makes')

const evalDefinition = z.custom<EvalDefinition>((value) => hasAll(value, ['name', 'scorers']), 'expected an eval made by defineEval()')

const hasAll = (value: unknown, names: readonly string[]): boolean =>
  typeof value === 'object' && value !== null && names.every((name) => name in value)

const kept = z.string().regex(/^(\d{1,5}[mhd]|always)$/, 'expected a time as 30m, 12h or 90d, or always')
const keptByEnd = { completed: kept.optional(), failed: kept.optional(), cancelled: kept.optional() }

const shape = z.strictObject({
  dir: z.string().min(1, 'expected a path'),
  agents: z.array(agent).min(1, 'expected at least one agent'),
  models: z.record(z.string(), model).optional(),
  dependencies: z.record(z.string(), z.unknown()).optional(),
  prices: z.record(z.string(), modelPrice).optional(),
  datasets: grownDatasets.optional(),
  http: httpOptions.optional(),
  evals: z.array(evalDefinition).max(100).optional(),
  mostLostOwners: z.int().min(1).optional(),
  queries: namedQueries.optional(),
  sqlRoles: sqlRoles.optional(),
  retention: z.strictObject({ ...keptByEnd, agents: z.record(z.string(), z.strictObject(keptByEnd)).optional() }).optional(),
})

const checked = (file: string, exported: unknown): RefoldConfig => {
  if (exported === undefined) throw invalid(`Expected a default export in ${file}, found none: export default defineConfig({ … })`, file)
  const result = shape.safeParse(exported)
  if (result.success) return exported as RefoldConfig
  const problems = result.error.issues.map(({ path, message }) => `  ${path.join('.') || '(the whole)'}: ${message}`)
  throw invalid([`The default export of ${file} is no configuration:`, ...problems].join('\n'), file)
}

const invalid = (message: string, file: string, cause?: unknown): AppError =>
  new AppError('InvalidConfiguration', message, { details: { file }, cause })
