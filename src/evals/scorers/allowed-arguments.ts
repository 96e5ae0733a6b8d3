import type { Json } from '../../json.ts'
import { isObject } from './arguments-fit.ts'

/** Of what an argument may be, the text that says that it may be left out. */
const MAY_BE_LEFT_OUT = ''

/**
 * Why arguments do not fit lists of allowed values, as the Berkeley function-calling leaderboard writes them: `{ city: ['Paris', 'Paris, France'],
 * unit: ['', 'C'] }`. An empty text allows to leave it out. Members of an object are lists again. Texts are compared without case, blanks and
 * `,./-_*^'"`. Undefined where they fit.
 */
export const argumentProblem = (given: Json, allowed: Json, path = ''): string | undefined => {
  if (!isObject(allowed)) return `${path || 'the arguments'}: expected lists of allowed values by name`
  if (!isObject(given)) return `${path || 'the arguments'}: expected an object`
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(allowed, name))
  if (unknown !== undefined) return `${path}${unknown} is none of the arguments`
  for (const [name, choices] of Object.entries(allowed)) {
    if (!Array.isArray(choices)) return `${path}${name}: expected a list of allowed values`
    const values: readonly Json[] = choices
    if (!Object.hasOwn(given, name)) {
      if (!values.includes(MAY_BE_LEFT_OUT)) return `${path}${name} is missing`
      continue
    }
    if (!values.some((choice) => isAllowed(given[name] ?? null, choice))) return `${path}${name} is none of its allowed values`
  }
  return undefined
}

const isAllowed = (given: Json, choice: Json): boolean => {
  if (typeof given === 'string' && typeof choice === 'string') return standardText(given) === standardText(choice)
  if (Array.isArray(given) && Array.isArray(choice)) {
    const [values, choices]: readonly (readonly Json[])[] = [given, choice]
    return values?.length === choices?.length && (values ?? []).every((value, index) => isAllowed(value, choices?.[index] ?? null))
  }
  if (isObject(given) && isObject(choice)) return argumentProblem(given, choice) === undefined
  return given === choice
}

const standardText = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[ ,./\-_*^]/g, '')
    .replaceAll("'", '"')
