import { canonicalJson } from '../../json.ts'

/** Whether two values are the same JSON, whatever the order of members. */
export const sameJson = (one: unknown, other: unknown): boolean => canonicalJson(one) === canonicalJson(other)
