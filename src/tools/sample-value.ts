import type { z } from 'zod'
import { attempted } from '../errors.ts'
import { insideOf, type SchemaDefinition } from './schema-inside.ts'

/** A value that a schema takes. */
export interface Sample {
  readonly value: unknown
}

const TEXTS = ['', 'text', 'a text of some words', '1', '2020-01-01', '2020-01-01T00:00:00Z', 'a@example.com', 'https://example.com/']
const IDS = ['00000000-0000-4000-8000-000000000000', 'EUR', 'x'.repeat(64)]
const NUMBERS = [1, 0, -1, 0.5, 10, 100, 1_000, 1_000_000]
const DEEPEST = 8

/** Some value that the schema takes, by trying a few. Undefined where none of them fits, which says nothing. */
export const sampleOf = (schema: z.ZodType, depth = 0): Sample | undefined => {
  if (depth > DEEPEST) return undefined
  for (const value of candidates(insideOf(schema).def, depth)) {
    const taken = attempted(
      () => schema.safeParse(value),
      (result) => (result as { readonly success: boolean }).success,
    )
    if (taken.ok && taken.value) return { value }
  }
  return undefined
}

const candidates = (def: SchemaDefinition, depth: number): readonly unknown[] => {
  const of = (inner: unknown): Sample | undefined => (inner === undefined ? undefined : sampleOf(inner as z.ZodType, depth + 1))
  const valuesOf = (...inner: readonly unknown[]): readonly unknown[] => inner.flatMap((each) => of(each)?.value ?? [])
  switch (def.type) {
    case 'string':
      return [...TEXTS, ...IDS]
    case 'number':
      return NUMBERS
    case 'boolean':
      return [true, false]
    case 'null':
      return [null]
    case 'literal':
      return def['values'] as readonly unknown[]
    case 'enum':
      return Object.values(def['entries'] as object)
    case 'object':
      return objects(def['shape'] as Readonly<Record<string, z.ZodType>>, depth)
    case 'array':
      return [...valuesOf(def['element']).flatMap((value) => [[value], [value, value]]), []]
    case 'tuple':
      return [valuesOf(...(def['items'] as readonly unknown[]))]
    case 'union':
      return valuesOf(...(def['options'] as readonly unknown[]))
    case 'record':
      return [...valuesOf(def['valueType']).map((value) => ({ text: value })), {}]
    case 'lazy':
      return valuesOf((def['getter'] as () => z.ZodType)())
    case 'pipe':
      return valuesOf(def['in'])
    case 'any':
    case 'unknown':
    case 'transform':
      return ['text', 1, {}]
    default:
      return [...valuesOf(def['innerType']), null]
  }
}

const objects = (shape: Readonly<Record<string, z.ZodType>>, depth: number): readonly unknown[] => [
  Object.fromEntries(
    Object.entries(shape).flatMap(([key, inner]) => {
      const sample = sampleOf(inner, depth + 1)
      return sample === undefined ? [] : [[key, sample.value]]
    }),
  ),
]
