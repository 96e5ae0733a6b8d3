import { AppError } from '../errors.ts'
import type { Json } from '../json.ts'
import { refuseUnknownOptions, type OptionNames } from '../known-options.ts'
import type { CaseExpected, DatasetCase } from './dataset-case.ts'
import type { JudgeRubric } from './scorers/judge.ts'
import { checkScorers } from './scorers/own.ts'
import type { Scorer } from './scorers/scorer.ts'

/** A model that judges each run by a rule in words. Its answers are runs in the log, and cost. */
export interface Judge extends JudgeRubric {
  /** Which one: `provider/model`. */
  readonly model: string
}

/**
 * What tools do in the runs of an eval. `sealed`: those that only read are executed; what any other brings is recorded, simulated, or missing.
 * `real`: all are executed, for real.
 */
export type Effects = 'sealed' | 'real'

/** How the cases of a dataset are run and scored, for `evals` of the configuration. */
export interface EvalDefinition {
  readonly name: string
  /** A run passes where all of them pass. */
  readonly scorers: readonly (Scorer | Judge)[]
  /** What is expected of a case, where its file does not say. */
  readonly expected?: ((found: DatasetCase) => CaseExpected | undefined) | undefined
  /** `sealed` unless it says otherwise. */
  readonly effects?: Effects | undefined
  /** What tools bring that are not executed, and child runs, by name: where the record of the case has no such call. */
  readonly simulate?: Readonly<Record<string, Json>> | undefined
  /** What nothing else says is made up: an earlier result of the tool, or what its schema takes. */
  readonly samples?: boolean | undefined
  /** As `--gate` takes them. */
  readonly gate?: readonly string[] | undefined
}

const OPTIONS: OptionNames<EvalDefinition> = {
  name: true,
  scorers: true,
  expected: true,
  effects: true,
  simulate: true,
  samples: true,
  gate: true,
}

const NAME = /^[A-Za-z0-9][\w.-]{0,63}$/

/** Throws `InvalidConfiguration`. */
export const defineEval = (definition: EvalDefinition): EvalDefinition => {
  refuseUnknownOptions('defineEval', definition, OPTIONS)
  const { name, scorers } = definition
  if (!NAME.test(name)) throw invalid(`Expected a name of an eval of letters, digits, "_", "-" and ".", found ${JSON.stringify(name)}`)
  if (scorers.length === 0) throw invalid(`Expected scorers of the eval ${name}, found none`)
  checkScorers(scorers.map((each) => (isJudge(each) ? { name: each.name, score: () => neverAsked() } : each)))
  return definition
}

export const isJudge = (scorer: Scorer | Judge): scorer is Judge => 'passesIf' in scorer

const neverAsked = (): never => {
  throw new Error('a judge is asked by whoever runs the eval')
}

const invalid = (message: string): AppError => new AppError('InvalidConfiguration', message)
