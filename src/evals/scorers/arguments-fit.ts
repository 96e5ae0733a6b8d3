import type { Json, JsonObject } from '../../json.ts'
import { sameJson } from './same-json.ts'

/** How arguments have to fit: the same; whatever they are; those that are given are expected; those that are expected are given. */
export type ArgumentsMode = 'exact' | 'ignore' | 'subset' | 'superset'

export const argumentsFit = (given: Json, expected: Json, mode: ArgumentsMode): boolean => {
  switch (mode) {
    case 'ignore':
      return true
    case 'exact':
      return sameJson(given, expected)
    case 'subset':
      return isWithin(given, expected)
    case 'superset':
      return isWithin(expected, given)
  }
}

const isWithin = (some: Json, all: Json): boolean => {
  if (!isObject(some) || !isObject(all)) return sameJson(some, all)
  return Object.entries(some).every(([name, value]) => Object.hasOwn(all, name) && isWithin(value, all[name] ?? null))
}

export const isObject = (value: Json): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value)
