import type { z } from 'zod'

type Accepts = (value: unknown) => boolean

/**
 * Whether a value has the shape of a schema, told without the copy that a parse makes of it: what it accepts, the schema accepts too.
 * It refuses also what only the schema can tell, which has the last word.
 */
export const quickShape = (schema: z.core.$ZodType): Accepts => {
  const { def } = (schema as z.core.$ZodTypes)._zod
  switch (def.type) {
    case 'object':
      return hasOnly(def) && def.catchall?._zod.def.type === 'never' ? membersOf(def.shape) : refuse
    case 'optional':
      return optional(quickShape(def.innerType))
    case 'array':
      return hasOnly(def, 'min_length') ? itemsOf(quickShape(def.element), leastLength(def)) : refuse
    case 'string':
      return text(def)
    case 'number':
      return wholeNumber(def)
    case 'boolean':
      return (value) => typeof value === 'boolean'
    case 'literal':
    case 'enum':
      return oneOf(schema._zod.values ?? new Set())
    case 'union':
      return optionsOf(def)
    case 'custom':
      return hasOnly(def) ? (value) => def.fn(value) === true : refuse
    default:
      return refuse
  }
}

const refuse: Accepts = () => false

type Def = z.core.$ZodTypeDef

const checksOf = ({ checks = [] }: Def): z.core.$ZodCheckDef[] => checks.map((check) => check._zod.def)

const hasOnly = (def: Def, name?: string): boolean => checksOf(def).every(({ check }) => check === name)

const leastLength = (def: Def): number => Math.max(0, ...checksOf(def).map((check) => (check as z.core.$ZodCheckMinLengthDef).minimum))

const membersOf = (shape: z.core.$ZodShape): Accepts => {
  const members = new Map(Object.entries(shape).map(([name, schema]) => [name, quickShape(schema)]))
  const needed = Object.keys(shape).filter((name) => shape[name]?._zod.optin !== 'optional')
  return (value) => {
    if (!isObject(value)) return false
    for (const name of needed) if (value[name] === undefined) return false
    for (const name in value) if (members.get(name)?.(value[name]) !== true) return false
    return true
  }
}

const optional =
  (accepts: Accepts): Accepts =>
  (value) =>
    value === undefined || accepts(value)

const itemsOf =
  (accepts: Accepts, least: number): Accepts =>
  (value) => {
    if (!Array.isArray(value) || value.length < least) return false
    // A loop over its indices would pass the holes by.
    for (const item of value) if (!accepts(item)) return false
    return true
  }

const text = (def: Def): Accepts => {
  if ('format' in def || !hasOnly(def, 'min_length')) return refuse
  const least = leastLength(def)
  return (value) => typeof value === 'string' && value.length >= least
}

const wholeNumber = (def: Def): Accepts => {
  if (!('format' in def && def.format === 'safeint' && hasOnly(def, 'greater_than'))) return refuse
  const bounds = checksOf(def) as z.core.$ZodCheckGreaterThanDef[]
  const least = Math.max(...bounds.map(({ inclusive, value }) => Number(value) + (inclusive ? 0 : 1)))
  return (value) => Number.isSafeInteger(value) && (value as number) >= least
}

const oneOf =
  (values: ReadonlySet<unknown>): Accepts =>
  (value) =>
    values.has(value)

const optionsOf = (def: z.core.$ZodUnionDef | z.core.$ZodDiscriminatedUnionDef): Accepts => {
  if (!('discriminator' in def)) return refuse
  const { discriminator, options } = def
  const byName = new Map<unknown, Accepts>()
  for (const option of options) for (const name of option._zod.propValues?.[discriminator] ?? []) byName.set(name, quickShape(option))
  return (value) => isObject(value) && byName.get(value[discriminator])?.(value) === true
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
