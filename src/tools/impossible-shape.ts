import type { z } from 'zod'
import { insideOf } from './schema-inside.ts'

/** Where a schema asks for a `z.never` that cannot be left out, so that no value at all fits it. Undefined where one may fit. */
export const impossiblePlace = (schema: z.ZodType, path = '$', above: ReadonlySet<z.ZodType> = new Set()): string | undefined => {
  // What needs itself is left to whoever calls it.
  if (above.has(schema)) return undefined
  const { def } = insideOf(schema)
  const inside = new Set(above).add(schema)
  const of = (inner: unknown, step = ''): string | undefined => impossiblePlace(inner as z.ZodType, `${path}${step}`, inside)
  switch (def.type) {
    case 'never':
      return path
    case 'object':
      return first(Object.entries(def['shape'] as object), ([key, inner]) => of(inner, `.${key}`))
    case 'tuple':
      return first([...(def['items'] as readonly unknown[]).entries()], ([index, inner]) => of(inner, `[${index}]`))
    case 'union': {
      const places = (def['options'] as readonly unknown[]).map((inner) => of(inner))
      return places.every((place) => place !== undefined) ? places[0] : undefined
    }
    case 'intersection':
      return of(def['left']) ?? of(def['right'])
    case 'pipe':
      return of(def['in']) ?? of(def['out'])
    case 'lazy':
      return of((def['getter'] as () => z.ZodType)())
    case 'readonly':
    case 'nonoptional':
      return of(def['innerType'])
    default:
      return undefined
  }
}

const first = <Item>(items: readonly Item[], placeIn: (item: Item) => string | undefined): string | undefined => {
  for (const item of items) {
    const place = placeIn(item)
    if (place !== undefined) return place
  }
  return undefined
}
