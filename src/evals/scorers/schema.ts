import { z } from 'zod'
import { AppError, messageOf } from '../../errors.ts'
import { boundedJson, type Json, type JsonObject } from '../../json.ts'
import { fails, passes, type Score, type ScoredRun, type Scorer } from './scorer.ts'
import { shortNote } from './short-text.ts'

const BOUNDS = { maxBytes: 64 * 1024, maxDepth: 32 }

/** The result, or an answer that is JSON, fits the schema: that of the case, or the one given here. Throws `InvalidInput` for one that cannot be checked. */
export const schemaScorer = (name = 'schema', { schema }: { readonly schema?: JsonObject } = {}): Scorer => {
  const known = new WeakMap<JsonObject, z.ZodType>()
  if (schema !== undefined) known.set(schema, checkOf(schema))
  return {
    name,
    score(run) {
      const wanted = schema ?? run.case.expected?.schema
      if (wanted === undefined) return fails('The case expects no schema: `expected.schema` is missing')
      const check = known.get(wanted) ?? checkOf(wanted)
      known.set(wanted, check)
      return checkedBy(check, run)
    },
  }
}

const checkedBy = (check: z.ZodType, run: ScoredRun): Score => {
  const end = run.events.at(-1)?.revision
  const found = resultOf(run)
  if (found === undefined) return fails('There is no result, and the answer is no JSON', end)
  const [issue] = check.safeParse(found).error?.issues ?? []
  return issue === undefined ? passes('It fits the schema') : fails(shortNote(`At $.${issue.path.join('.')}: ${issue.message}`), end)
}

const resultOf = ({ output, answer }: ScoredRun): Json | undefined => {
  if (output !== null) return output
  try {
    return answer === null ? undefined : (JSON.parse(answer) as Json)
  } catch {
    return undefined
  }
}

/** Throws `InvalidInput` for what is no schema, is too large or deep, or would run patterns of whoever wrote the case. */
const checkOf = (given: JsonObject): z.ZodType => {
  const schema = withoutPatterns(boundedJson(given, BOUNDS), '$')
  try {
    return z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0])
  } catch (error) {
    throw new AppError('InvalidInput', `Expected a JSON Schema that can be checked, found ${messageOf(error)}`)
  }
}

/** A pattern can take longer than anybody waits. Where a `format` says the same, that is checked. */
const withoutPatterns = (schema: Json, path: string): Json => {
  if (typeof schema !== 'object' || schema === null) return schema
  if (Array.isArray(schema)) return schema.map((each: Json, index) => withoutPatterns(each, `${path}[${index}]`))
  return Object.fromEntries(
    Object.entries(schema as JsonObject).flatMap(([key, value]): [string, Json][] => {
      if (DATA.has(key)) return [[key, value]]
      if (key === 'properties' && typeof value === 'object' && value !== null && !Array.isArray(value))
        return [[key, Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withoutPatterns(each, `${path}.${name}`)]))]]
      if (key === 'patternProperties' || (key === 'pattern' && !('format' in schema)))
        throw new AppError(
          'InvalidInput',
          `Expected a schema without "${key}", which is not run here, found one at ${path}: use "format" or "enum"`,
        )
      return key === 'pattern' ? [] : [[key, withoutPatterns(value, `${path}.${key}`)]]
    }),
  )
}

/** Keywords whose value is no schema. */
const DATA: ReadonlySet<string> = new Set(['const', 'enum', 'default', 'examples', 'required'])
