import { present } from '../../present.ts'
import { agreementOf } from '../statistics/agreement.ts'
import { bootstrapMean } from '../statistics/bootstrap.ts'
import { seededChance, type Chance } from '../statistics/chance.ts'
import { byCase, inOrder, passedAll, passedBy, valueBy, type Arm, type Attempt } from './attempt.ts'
import { reported, type ReportedEstimate } from './estimates.ts'
import { gateOf, type Gate, type JudgedGate } from './gate.ts'
import { measureOf, type Measure } from './measure.ts'
import { standingOf, type CaseStanding } from './standing.ts'
import { usageOf, type Usage } from './usage.ts'

export interface ReportInput {
  readonly candidate: Arm
  readonly baseline?: Arm
  /** Whose scores count: a run that one of them does not pass, or has not scored, has not passed. */
  readonly scorers: readonly string[]
  /** By case and scorer, `pass` or `fail`, as a person says. */
  readonly labels?: ReadonlyMap<string, Readonly<Record<string, string>>>
  readonly gates?: readonly Gate[]
  /** Of what is drawn for intervals and tests: the same runs and seed make the same report. */
  readonly seed?: number
}

/** What an eval has shown. All of it is JSON. */
export interface EvalReport {
  readonly agent: string
  readonly baseline?: { readonly agent: string; readonly runs: number; readonly usage: Usage }
  readonly runs: number
  readonly cases: number
  readonly tasks: number
  /** The most that a case was run. */
  readonly epochs: number
  /** By all scorers. */
  readonly accuracy: Measure
  readonly scorers: readonly ScorerMeasure[]
  readonly usage: Usage
  readonly standing: CaseStanding
  readonly gates: readonly JudgedGate[]
  /** Whether all gates hold. */
  readonly passed: boolean
}

export interface ScorerMeasure extends Measure {
  /** With what people say of the same cases, where they have said it. */
  readonly agreement?: ReportedAgreement
}

export interface ReportedAgreement {
  readonly cases: number
  readonly accuracy: ReportedEstimate
  readonly kappa: ReportedEstimate | null
}

const ACCURACY = 'accuracy'

export const evalReport = ({ candidate, baseline, scorers, labels, gates = [], seed = 1 }: ReportInput): EvalReport => {
  const attempts = inOrder(candidate.attempts)
  const before = baseline === undefined ? undefined : inOrder(baseline.attempts)
  const measure = (name: string, passed: (attempt: Attempt) => boolean): Measure =>
    measureOf({ name, passed, attempts, baseline: before, chance: seededChance(seed) })
  const report: Omit<EvalReport, 'gates' | 'passed'> = {
    agent: candidate.agent,
    ...(baseline === undefined || before === undefined
      ? {}
      : { baseline: { agent: baseline.agent, runs: before.length, usage: usageOf(before, seededChance(seed)) } }),
    runs: attempts.length,
    ...sizesOf(attempts),
    accuracy: measure(ACCURACY, passedAll(scorers)),
    scorers: scorers.map((name) => ({
      ...measure(name, passedBy(name)),
      ...present({ mean: gradedMean(attempts, name, seededChance(seed)), agreement: agreementWith(labels, attempts, name) }),
    })),
    usage: usageOf(attempts, seededChance(seed)),
    standing: standingOf(attempts, passedAll(scorers), scorers),
  }
  const judged = gates.map((gate) => gateOf(gate, report))
  return { ...report, gates: judged, passed: judged.every(({ holds }) => holds) }
}

const sizesOf = (attempts: readonly Attempt[]): Pick<EvalReport, 'cases' | 'tasks' | 'epochs'> => {
  const cases = byCase(attempts)
  return {
    cases: cases.size,
    tasks: new Set(attempts.map(({ task }) => task)).size,
    epochs: [...cases.values()].reduce((most, { length }) => Math.max(most, length), 0),
  }
}

/** Undefined where the values say no more than whether it passed. */
const gradedMean = (attempts: readonly Attempt[], scorer: string, chance: Chance): ReportedEstimate | undefined => {
  const values = attempts.map((attempt) => ({ task: attempt.task, value: valueBy(scorer)(attempt) }))
  return values.every(({ value }) => value === 0 || value === 1) ? undefined : reported(bootstrapMean(values, { chance }))
}

const agreementWith = (labels: ReportInput['labels'], attempts: readonly Attempt[], scorer: string): ReportedAgreement | undefined => {
  if (labels === undefined) return undefined
  const judged = [...byCase(attempts)].flatMap(([caseId, [first]]) => {
    const label = labels.get(caseId)?.[scorer]
    return label === undefined || first === undefined ? [] : [{ label, judge: passedBy(scorer)(first) ? 'pass' : 'fail' }]
  })
  if (judged.length === 0) return undefined
  const { cases, accuracy, kappa } = agreementOf(judged)
  return { cases, accuracy: reported(accuracy), kappa: kappa === undefined ? null : reported(kappa) }
}
