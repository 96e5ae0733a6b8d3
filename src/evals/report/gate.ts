import { AppError } from '../../errors.ts'
import { money } from '../../projections/amount-text.ts'
import type { Measure } from './measure.ts'
import type { CaseStanding } from './standing.ts'
import type { Usage } from './usage.ts'

export type Relation = '>=' | '<=' | '>' | '<'

/** What has to hold for a report to pass. */
export type Gate =
  | { readonly text: string; readonly kind: 'bound'; readonly what: string; readonly relation: Relation; readonly bound: number }
  | { readonly text: string; readonly kind: 'baseline'; readonly what: string; readonly wanted: 'not worse' | 'better' }

export interface JudgedGate {
  readonly gate: string
  readonly holds: boolean
  /** Why, for people. */
  readonly reason: string
}

const BOUND = /^([\w.^@-]+)\s*(>=|<=|>|<)\s*(\d{1,12}(?:\.\d{1,12})?)\s*(%?)$/
const BASELINE = /^(?:([\w.-]+)\s+)?(not worse|better)\s+than\s+baseline$/

/**
 * `accuracy >= 0.8`, `tone >= 80 %`, `accuracy.low >= 0.7` (the lower end of its interval), `pass^2 >= 0.3`, `pass@4 >= 0.9`, `cost <= 5` (USD of all
 * runs), `costPerRun <= 0.01`, `tokensPerRun <= 5000`, `p95 <= 20000` (ms), `errors <= 0`, `flaky <= 3`, `broken <= 0`; `not worse than baseline`,
 * `better than baseline`, `tone not worse than baseline`. Throws `InvalidInput` for anything else, and for a scorer that there is not.
 */
export const parseGate = (text: string, scorers: readonly string[]): Gate => {
  const words = text.trim().replace(/\s+/g, ' ')
  const [, against = 'accuracy', wanted] = BASELINE.exec(words) ?? []
  if (wanted === 'not worse' || wanted === 'better') {
    refuseUnknown(against, text, ['accuracy', ...scorers])
    return { text: words, kind: 'baseline', what: against, wanted }
  }
  const [, what = '', relation, bound, percent] = BOUND.exec(words) ?? []
  if (relation === undefined) throw notAGate(text, 'such as "accuracy >= 0.8" or "not worse than baseline"')
  const shares = ['accuracy', ...scorers].flatMap((name) => [name, `${name}.low`, `${name}.high`])
  if (!/^pass[\^@]\d{1,2}$/.test(what)) refuseUnknown(what, text, [...shares, ...Object.keys(FIGURES), 'pass^2', 'pass@2'])
  return { text: words, kind: 'bound', what, relation: relation as Relation, bound: Number(bound) / (percent === '%' ? 100 : 1) }
}

const refuseUnknown = (what: string, text: string, known: readonly string[]): void => {
  if (!known.includes(what)) throw notAGate(text, `on one of ${known.join(', ')}`)
}

const notAGate = (text: string, expected: string): AppError =>
  new AppError('InvalidInput', `Expected a gate ${expected}, found ${JSON.stringify(text.slice(0, 200))}`, {
    details: { gate: text.slice(0, 200) },
  })

/** What gates are about. */
interface Figures {
  readonly accuracy: Measure
  readonly scorers: readonly Measure[]
  readonly usage: Usage
  readonly standing: CaseStanding
}

const FIGURES: Readonly<Record<string, (report: Figures) => number | null>> = {
  cost: ({ usage }) => usage.costMicroUsd / 1e6,
  costPerRun: ({ usage }) => usage.costMicroUsdPerRun / 1e6,
  tokensPerRun: ({ usage }) => usage.tokensPerRun,
  p50: ({ usage }) => usage.p50.value,
  p95: ({ usage }) => usage.p95.value,
  errors: ({ standing }) => standing.errors.length,
  flaky: ({ standing }) => standing.flaky.length,
  broken: ({ standing }) => standing.broken.length,
}

/** Fails closed: what there is no figure of does not hold. */
export const gateOf = (gate: Gate, report: Figures): JudgedGate =>
  gate.kind === 'baseline' ? againstBaseline(gate, report) : withinBound(gate, report)

const againstBaseline = ({ text, what, wanted }: Extract<Gate, { kind: 'baseline' }>, report: Figures): JudgedGate => {
  const comparison = measureNamed(what, report)?.comparison
  if (comparison === undefined || comparison.pairs === 0)
    return { gate: text, holds: false, reason: 'there is no baseline with the same cases' }
  const { verdict, p, better, worse, pairs } = comparison
  const holds = wanted === 'better' ? verdict === 'better' : verdict !== 'worse'
  return { gate: text, holds, reason: `${verdict}: ${better} better and ${worse} worse of ${pairs}, p = ${pText(p)}` }
}

const withinBound = ({ text, what, relation, bound }: Extract<Gate, { kind: 'bound' }>, report: Figures): JudgedGate => {
  const figure = figureOf(what, report)
  if (figure === null) return { gate: text, holds: false, reason: `there is no figure of ${what}` }
  return { gate: text, holds: HOLDS[relation](figure, bound), reason: `${what} is ${figureText(what, figure)}` }
}

const HOLDS: Readonly<Record<Relation, (figure: number, bound: number) => boolean>> = {
  '>=': (figure, bound) => figure >= bound - ROUNDING,
  '<=': (figure, bound) => figure <= bound + ROUNDING,
  '>': (figure, bound) => figure > bound + ROUNDING,
  '<': (figure, bound) => figure < bound - ROUNDING,
}
/** 0.8 of 10 runs is 0.8, whatever its last binary digit. */
const ROUNDING = 1e-12

const figureOf = (what: string, report: Figures): number | null => {
  const k = /^pass([\^@])(\d+)$/.exec(what)
  if (k !== null) {
    const measured = k[1] === '^' ? report.accuracy.passHatK : report.accuracy.passAtK
    return measured[Number(k[2]) - 1]?.value ?? null
  }
  const figure = Object.hasOwn(FIGURES, what) ? FIGURES[what]?.(report) : undefined
  return figure ?? measureNamed(what, report)?.passed.value ?? endOf(what, report)
}

/** `accuracy.low`: an end of the interval. */
const endOf = (what: string, report: Figures): number | null => {
  const [, name = '', end] = /^(.+)\.(low|high)$/.exec(what) ?? []
  return measureNamed(name, report)?.passed[end === 'low' ? 'low' : 'high'] ?? null
}

const measureNamed = (name: string, { accuracy, scorers }: Figures): Measure | undefined =>
  name === 'accuracy' ? accuracy : scorers.find((each) => each.name === name)

const figureText = (what: string, figure: number): string =>
  what.startsWith('cost') ? money(figure * 1e6) : String(Math.round(figure * 10_000) / 10_000)

export const pText = (p: number): string => (p < 0.001 ? p.toExponential(1) : p.toFixed(3))
