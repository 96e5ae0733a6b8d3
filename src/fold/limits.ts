import type { Limits } from '../events/limits.ts'
import type { OptionNames } from '../known-options.ts'

/** `null` switches a limit off; a limit that is left out has its default. */
export interface LimitOptions {
  /** 12 by default. */
  readonly iterationsPerTurn?: number | null | undefined
  /** 24 by default. */
  readonly toolCallsPerTurn?: number | null | undefined
  /** Input and output tokens of the run; 1,000,000 by default. */
  readonly tokens?: number | null | undefined
  /** US dollars of the run; 1.00 by default. */
  readonly costUsd?: number | null | undefined
  /** Of one turn, without the time that people take and that a model is waited out; 15 minutes by default. */
  readonly wallTimeMs?: number | null | undefined
  /** So many times the same call with the same result; 3 by default. */
  readonly repeatedCalls?: number | null | undefined
  /** So many times the same pattern of calls; 3 by default. */
  readonly cycles?: number | null | undefined
  /** Levels of child runs below the topmost run; 8 by default. */
  readonly childDepth?: number | null | undefined
  /** Child runs that are open at one time; 100 by default. */
  readonly openChildRuns?: number | null | undefined
  /** All runs below the run; 1,000 by default. */
  readonly childRuns?: number | null | undefined
}

export const limitNames: OptionNames<LimitOptions> = {
  iterationsPerTurn: true,
  toolCallsPerTurn: true,
  tokens: true,
  costUsd: true,
  wallTimeMs: true,
  repeatedCalls: true,
  cycles: true,
  childDepth: true,
  openChildRuns: true,
  childRuns: true,
}

const MICRO_USD_PER_USD = 1_000_000

const defaults: Limits = {
  iterationsPerTurn: 12,
  toolCallsPerTurn: 24,
  tokens: 1_000_000,
  costMicroUsd: MICRO_USD_PER_USD,
  wallTimeMs: 15 * 60_000,
  repeatedCalls: 3,
  cycles: 3,
}

/** Only what the options name, with money in millionths of a dollar. */
export const limitChanges = ({ costUsd, ...others }: LimitOptions): Partial<Limits> => ({
  ...Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined)),
  ...(costUsd === undefined ? {} : { costMicroUsd: costUsd === null ? null : Math.round(costUsd * MICRO_USD_PER_USD) }),
})

export const limitsFrom = (options: LimitOptions): Limits => ({ ...defaults, ...limitChanges(options) })
