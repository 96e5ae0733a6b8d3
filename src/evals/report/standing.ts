import { byCase, type Attempt, type Passed } from './attempt.ts'

/** Where a run was lost: the debugger opens it there. */
export interface LostRun {
  readonly runId: string
  readonly epoch: number
  /** The first scorer that it did not pass; absent where the run itself did not come to its end. */
  readonly scorer?: string
  readonly note: string
  readonly revision?: number
}

export interface LostCase {
  readonly caseId: string
  readonly task: string
  readonly passed: number
  readonly epochs: number
  readonly lost: readonly LostRun[]
}

/** What became of the cases that did not always pass. Each is in one of the first two; runs that did not come to their end are in `errors` too. */
export interface CaseStanding {
  /** Some epochs pass and some do not: the agent can do it, and does not always. */
  readonly flaky: readonly LostCase[]
  /** No epoch passes. With one epoch nobody knows whether it is flaky. */
  readonly broken: readonly LostCase[]
  readonly errors: readonly LostRun[]
}

export const standingOf = (attempts: readonly Attempt[], passed: Passed, scorers: readonly string[]): CaseStanding => {
  const lost = [...byCase(attempts)].flatMap(([caseId, epochs]): readonly LostCase[] => {
    const lostRuns = epochs.filter((attempt) => !passed(attempt)).map((attempt) => lostRun(attempt, scorers))
    if (lostRuns.length === 0) return []
    return [{ caseId, task: epochs[0]?.task ?? caseId, passed: epochs.length - lostRuns.length, epochs: epochs.length, lost: lostRuns }]
  })
  return {
    flaky: lost.filter((each) => each.passed > 0),
    broken: lost.filter((each) => each.passed === 0),
    errors: attempts.filter(({ problem }) => problem !== undefined).map((attempt) => lostRun(attempt, scorers)),
  }
}

const lostRun = ({ runId, epoch, scores, problem }: Attempt, scorers: readonly string[]): LostRun => {
  const place = { runId, epoch }
  if (problem !== undefined) return { ...place, note: problem }
  for (const scorer of scorers) {
    const score = scores.find(({ name }) => name === scorer)
    if (score === undefined) return { ...place, scorer, note: 'it was not scored' }
    if (!score.passed)
      return { ...place, scorer, note: score.note ?? '', ...(score.revision === undefined ? {} : { revision: score.revision }) }
  }
  return { ...place, note: 'there is no scorer' }
}
