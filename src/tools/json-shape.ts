import type { z } from 'zod'
import { answersLater } from './answers-later.ts'
import { impossiblePlace } from './impossible-shape.ts'
import { insideOf, type SchemaDefinition } from './schema-inside.ts'
import { transformProblem } from './transform-problem.ts'

/** What a schema takes (`input`), or what it makes of it (`output`). */
export type Side = 'input' | 'output'

/** Kinds of zod schemas that no JSON fits, or whose values JSON cannot carry. */
const NO_JSON: Readonly<Record<string, string>> = {
  bigint: 'a BigInt',
  date: 'a Date',
  file: 'a File',
  function: 'a function',
  map: 'a Map',
  nan: 'NaN',
  promise: 'a promise',
  set: 'a Set',
  symbol: 'a symbol',
}

/**
 * Why values of a schema can never be JSON, or never be checked at once, with the place: `a Date at $.when`. Undefined where nothing speaks
 * against it. To find out, checks whose code zod hides are asked about a value that cannot be read, and transforms about one that they take.
 */
export const jsonShapeProblem = (schema: z.ZodType, side: Side): string | undefined => {
  const seen = new Set<z.ZodType>()
  const walk = (at: z.ZodType, path: string): string | undefined => {
    if (seen.has(at)) return undefined
    seen.add(at)
    const { def, bag } = insideOf(at)
    if (answersLater(def)) return `a check or transform that answers later at ${path}`
    const kind = bag.Class === undefined ? kindOf(def) : `an instance of ${bag.Class.name}`
    if (kind !== undefined) return `${kind} at ${path}`
    const given = side === 'output' ? transformProblem(at, path) : undefined
    if (given !== undefined) return given
    for (const [step, inner] of partsOf(def, side)) {
      const found = walk(inner, `${path}${step}`)
      if (found !== undefined) return found
    }
    return undefined
  }
  const nothing = impossiblePlace(schema)
  return nothing === undefined ? walk(schema, '$') : `a z.never at ${nothing}, so that no value fits`
}

const kindOf = (def: SchemaDefinition): string | undefined =>
  def.type === 'literal' && (def['values'] as readonly unknown[]).some((value) => typeof value === 'bigint')
    ? 'a BigInt'
    : NO_JSON[def.type]

type Part = readonly [step: string, schema: z.ZodType]

const partsOf = (def: SchemaDefinition, side: Side): readonly Part[] => {
  const of = (name: string, step = ''): readonly Part[] =>
    def[name] === undefined || def[name] === null ? [] : [[step, def[name] as z.ZodType]]
  const ofAll = (name: string, step: (index: number) => string): readonly Part[] =>
    ((def[name] ?? []) as readonly z.ZodType[]).map((schema, index) => [step(index), schema])
  switch (def.type) {
    case 'object':
      return [
        ...Object.entries(def['shape'] as Readonly<Record<string, z.ZodType>>).map(([key, schema]): Part => [`.${key}`, schema]),
        ...of('catchall', '.*'),
      ]
    case 'array':
      return of('element', '[]')
    case 'tuple':
      return [...ofAll('items', (index) => `[${index}]`), ...of('rest', '[]')]
    case 'union':
      return ofAll('options', () => '')
    case 'intersection':
      return [...of('left'), ...of('right')]
    case 'record':
      return of('valueType', '.*')
    case 'lazy':
      return [['', (def['getter'] as () => z.ZodType)()]]
    case 'pipe':
      return side === 'input' ? of('in') : of('out')
    default:
      return of('innerType')
  }
}
