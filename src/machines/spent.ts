import type { LimitName, Limits } from '../events/limits.ts'

/** What a run has used up so far. A fold of its events, so that a restart resets nothing. */
export interface Spent {
  /** Of this turn. */
  readonly iterations: number
  /**
   * Of this turn: calls that have begun, and those that a person is asked about; not one that was refused. The `toolCalls` of a list are those
   * of the whole run that have begun.
   */
  readonly toolCalls: number
  /** Input and output tokens of the whole run. */
  readonly tokens: number
  readonly costMicroUsd: number
  /** Of this turn, without the time that people took and that a model was waited out. */
  readonly wallTimeMs: number
  /** The longest row of one call with the same arguments and the same result, in this turn. */
  readonly repeatedCalls: number
  /** How often the last pattern of two to four calls came back to back, in this turn. */
  readonly cycles: number
}

export interface ReachedLimit {
  readonly limit: LimitName
  readonly used: number
  readonly allowed: number
}

/** In the order in which they are told. */
const limited = [
  { limit: 'iterations', amount: 'iterations', most: 'iterationsPerTurn' },
  { limit: 'toolCalls', amount: 'toolCalls', most: 'toolCallsPerTurn' },
  { limit: 'tokens', amount: 'tokens', most: 'tokens' },
  { limit: 'cost', amount: 'costMicroUsd', most: 'costMicroUsd' },
  { limit: 'wallTime', amount: 'wallTimeMs', most: 'wallTimeMs' },
  { limit: 'repeatedCalls', amount: 'repeatedCalls', most: 'repeatedCalls' },
  { limit: 'cycle', amount: 'cycles', most: 'cycles' },
] as const satisfies readonly { readonly limit: LimitName; readonly amount: keyof Spent; readonly most: keyof Limits }[]

/** The first limit that leaves no room for one more model call, or undefined. */
export const reachedLimit = (spent: Spent, limits: Limits): ReachedLimit | undefined => {
  for (const { limit, amount, most } of limited) {
    const used = spent[amount]
    const allowed = limits[most]
    if (allowed !== null && used >= allowed) return { limit, used, allowed }
  }
  return undefined
}

/** A further attempt of a model call is no further iteration. */
export const beforeRetry = (spent: Spent): Spent => ({ ...spent, iterations: spent.iterations - 1 })
