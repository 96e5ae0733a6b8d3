import type { Json, JsonObject } from '../../json.ts'

const isObject = (value: Json | undefined): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value)

const KEYWORDS_WITH_SCHEMAS_BY_NAME = ['properties', '$defs', 'definitions']
const KEYWORDS_WITH_SCHEMAS = ['items', 'anyOf', 'allOf', 'oneOf', 'not', 'prefixItems', 'additionalProperties']

const children = (schema: JsonObject): JsonObject[] => [
  ...KEYWORDS_WITH_SCHEMAS_BY_NAME.flatMap((keyword) => (isObject(schema[keyword]) ? Object.values(schema[keyword]) : [])).filter(isObject),
  ...KEYWORDS_WITH_SCHEMAS.flatMap((keyword): Json | readonly Json[] => schema[keyword] ?? []).filter(isObject),
]

const isClosedAndRequired = (schema: JsonObject): boolean => {
  if (schema['type'] !== 'object' && !isObject(schema['properties'])) return true
  const required = Array.isArray(schema['required']) ? schema['required'] : []
  return schema['additionalProperties'] === false && Object.keys(schema['properties'] ?? {}).every((name) => required.includes(name))
}

/**
 * Whether OpenAI's strict mode takes the schema as it is: every object closed and every property required.
 * Other schemas go out without `strict`, as a request that the model may miss: an answer is validated in either case.
 */
export const isStrict = (schema: JsonObject): boolean => isClosedAndRequired(schema) && children(schema).every(isStrict)

/**
 * The schema with every object closed that does not say, as Anthropic demands of an output format.
 * It only narrows: what fits the result fits the original.
 */
export const closed = (schema: JsonObject): JsonObject => {
  const deep = (value: Json): Json => (Array.isArray(value) ? value.map(deep) : isObject(value) ? closed(value) : value)
  const byName = (schemas: Json): Json =>
    isObject(schemas) ? Object.fromEntries(Object.entries(schemas).map(([name, child]) => [name, deep(child)])) : schemas
  const rebuilt: Record<string, Json> = {}
  for (const [keyword, value] of Object.entries(schema)) {
    if (KEYWORDS_WITH_SCHEMAS_BY_NAME.includes(keyword)) rebuilt[keyword] = byName(value)
    else if (KEYWORDS_WITH_SCHEMAS.includes(keyword)) rebuilt[keyword] = deep(value)
    else rebuilt[keyword] = value
  }
  const isOpen = (schema['type'] === 'object' || isObject(schema['properties'])) && !('additionalProperties' in schema)
  return isOpen ? { ...rebuilt, additionalProperties: false } : rebuilt
}
