import type { Dependency } from '../projections/run-context.ts'

/** Says, in `dependencies` of a tool or a guardrail, of which type one is: `{ db: dependency<Database>() }`. */
export const dependency = <Value>(): Dependency<Value> => Object.freeze({})
