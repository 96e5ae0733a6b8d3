import { canonicalJson } from '../json.ts'
import { type ChartProblem, chartProblem } from './chart-problem.ts'

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null

/** Objects that `getPersistedSnapshot` would replace by references to actors. */
export const contextKeyProblems = (context: unknown, at = 'context'): readonly ChartProblem[] => {
  if (!isObject(context)) return []
  const found = 'xstate$$type' in context ? 'xstate$$type' : 'sessionId, send and ref'
  if ('xstate$$type' in context || ['sessionId', 'send', 'ref'].every((key) => key in context))
    return [chartProblem('H7', at, `the keys ${found}`)]
  return Object.entries(context).flatMap(([key, value]) => contextKeyProblems(value, `${at}.${key}`))
}

/** The paths of objects that two contexts have in common and that could be changed. */
export const sharedObjects = (at: string, first: unknown, second: unknown): readonly string[] => {
  if (!isObject(first) || !isObject(second)) return []
  if (first === second && !Object.isFrozen(first) && Object.keys(first).length > 0) return [at]
  return Object.keys(first).flatMap((key) => sharedObjects(`${at}.${key}`, first[key], second[key]))
}

/** The path of the first difference of two JSON values. */
export const firstDifference = (at: string, first: unknown, second: unknown): string | null => {
  if (canonicalJson(first) === canonicalJson(second)) return null
  if (!isObject(first) || !isObject(second)) return at
  const keys = new Set([...Object.keys(first), ...Object.keys(second)])
  for (const key of keys) {
    const inside = firstDifference(`${at}.${key}`, first[key] ?? null, second[key] ?? null)
    if (inside !== null) return inside
  }
  return at
}
