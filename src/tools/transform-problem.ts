import type { z } from 'zod'
import { attempted } from '../errors.ts'
import { insideOf } from './schema-inside.ts'
import { sampleOf } from './sample-value.ts'

/** What a transform gives that JSON cannot carry, as far as it shows with a value that it takes: `an instance of Money at .price`. */
export const transformProblem = (schema: z.ZodType, path: string): string | undefined => {
  const { def } = insideOf(schema)
  const out = def['out'] as z.ZodType | undefined
  if (def.type !== 'pipe' || out === undefined || insideOf(out).def.type !== 'transform') return undefined
  const sample = sampleOf(def['in'] as z.ZodType)
  if (sample === undefined) return undefined
  const given = attempted(
    () => schema.safeParse(sample.value),
    (result) => (result as { readonly data?: unknown }).data,
  )
  return given.ok ? notJson(given.value, path, 0) : undefined
}

const DEEPEST = 8

const notJson = (value: unknown, path: string, depth: number): string | undefined => {
  if (typeof value === 'bigint') return `a BigInt at ${path}`
  if (typeof value === 'symbol' || typeof value === 'function') return `a ${typeof value} at ${path}`
  if (typeof value !== 'object' || value === null || depth > DEEPEST) return undefined
  if (!Array.isArray(value) && !isPlain(value)) return `an instance of ${nameOf(value)} at ${path}`
  const steps = Array.isArray(value)
    ? value.map((item) => ['[]', item] as const)
    : Object.entries(value).map(([key, item]) => [`.${key}`, item] as const)
  for (const [step, item] of steps) {
    const found = notJson(item, `${path}${step}`, depth + 1)
    if (found !== undefined) return found
  }
  return undefined
}

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

const nameOf = (value: object): string => {
  const named = attempted(
    () => value.constructor.name,
    (name) => (typeof name === 'string' && name !== '' ? name : 'a class'),
  )
  return named.ok ? named.value : 'a class'
}
