// What a deployment can get wrong: the code of a process is not that of the others.

/**
 * `own`: as it should be, with the next versions of two agents. `changed`: a guard of the trip is another, under the same version. `old`: it
 * does not have the next versions. `brokenProjection`, `brokenChart`: code of an agent throws.
 */
export const codes = ['own', 'changed', 'old', 'brokenProjection', 'brokenChart'] as const
export type Code = (typeof codes)[number]

/** What a chart and a projection decide by, from outside of them: no hash of their own text can see it change. */
export interface Rules {
  /** Of which numbers the trip is in haste. */
  readonly haste: number
  readonly broken: 'projection' | 'chart' | undefined
}

const HASTE = 3
const OTHER_HASTE = 2

export const rulesOf = (code: Code): Rules => ({
  haste: code === 'changed' ? OTHER_HASTE : HASTE,
  broken: code === 'brokenProjection' ? 'projection' : code === 'brokenChart' ? 'chart' : undefined,
})

/** The next version of the trip has by right what the changed one has under the old version. */
export const nextRules = (code: Code): Rules => ({ ...rulesOf(code), haste: OTHER_HASTE })
