import type { z } from 'zod'

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

interface Definition {
  readonly type: string
  readonly checks?: readonly { readonly _zod: { readonly def: { readonly fn?: unknown }; readonly check: unknown } }[]
  readonly [name: string]: unknown
}

/** Of a zod schema, the part of its inside that says what it is. */
type Inside = z.ZodType & { readonly _zod: { readonly def: Definition; readonly bag: { readonly Class?: { readonly name: string } } } }

/**
 * Why values of a schema can never be JSON, or never be checked at once, with the place: `a Date at $.when`. Undefined where nothing speaks
 * against it: what a transform gives, and what a check waits for inside, shows only when it is called.
 */
export const jsonShapeProblem = (schema: z.ZodType, side: Side): string | undefined => {
  const seen = new Set<z.ZodType>()
  const walk = (at: z.ZodType, path: string): string | undefined => {
    if (seen.has(at)) return undefined
    seen.add(at)
    const { def, bag } = (at as Inside)._zod
    if (functionsOf(def).some(isAsync)) return `a check or transform that answers later at ${path}`
    const kind = bag.Class === undefined ? kindOf(def) : `an instance of ${bag.Class.name}`
    if (kind !== undefined) return `${kind} at ${path}`
    for (const [step, inner] of partsOf(def, side)) {
      const found = walk(inner, `${path}${step}`)
      if (found !== undefined) return found
    }
    return undefined
  }
  return walk(schema, '$')
}

const functionsOf = (def: Definition): readonly unknown[] => {
  // Both ends of a pipe are run, whichever of them is asked about.
  const transforms = [def, (def['in'] as Inside | undefined)?._zod.def, (def['out'] as Inside | undefined)?._zod.def]
  return [
    ...transforms.flatMap((end) => (end === undefined ? [] : [end['transform'], end['fn']])),
    ...(def.checks ?? []).flatMap(({ _zod }) => [_zod.def.fn, _zod.check]),
  ]
}

const kindOf = (def: Definition): string | undefined =>
  def.type === 'literal' && (def['values'] as readonly unknown[]).some((value) => typeof value === 'bigint')
    ? 'a BigInt'
    : NO_JSON[def.type]

const isAsync = (value: unknown): boolean => typeof value === 'function' && value.constructor.name === 'AsyncFunction'

type Part = readonly [step: string, schema: z.ZodType]

const partsOf = (def: Definition, side: Side): readonly Part[] => {
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
