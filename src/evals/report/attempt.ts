import type { Score, Spent } from '../scorers/scorer.ts'

/** What one scorer has said of a run. */
export interface NamedScore extends Omit<Score, 'note'> {
  readonly name: string
  readonly note?: string
}

/** One run of a case, scored. */
export interface Attempt {
  readonly runId: string
  readonly caseId: string
  readonly task: string
  readonly epoch: number
  readonly scores: readonly NamedScore[]
  readonly spent: Spent
  /** Why the run did not come to its end: it has passed nothing then. */
  readonly problem?: string
}

/** All runs of one agent. */
export interface Arm {
  /** `name@version`. */
  readonly agent: string
  readonly attempts: readonly Attempt[]
}

/** Whether it passed what is asked; a score that is missing did not. */
export type Passed = (attempt: Attempt) => boolean

export const passedBy = (scorer: string): Passed => {
  return ({ scores, problem }) => problem === undefined && scores.some(({ name, passed }) => name === scorer && passed)
}

export const passedAll = (scorers: readonly string[]): Passed => {
  const verdicts = scorers.map(passedBy)
  return (attempt) => verdicts.length > 0 && verdicts.every((passed) => passed(attempt))
}

export const valueBy =
  (scorer: string) =>
  ({ scores, problem }: Attempt): number =>
    problem === undefined ? (scores.find(({ name }) => name === scorer)?.value ?? 0) : 0

/** The same order whenever and however often it was interrupted, so that the same runs make the same report. */
export const inOrder = (attempts: readonly Attempt[]): readonly Attempt[] =>
  [...attempts].sort((a, b) => byText(a.task, b.task) || byText(a.caseId, b.caseId) || a.epoch - b.epoch || byText(a.runId, b.runId))

const byText = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1)

/** The attempts of each case, in order. */
export const byCase = (attempts: readonly Attempt[]): ReadonlyMap<string, readonly Attempt[]> =>
  Map.groupBy(attempts, ({ caseId }) => caseId)
