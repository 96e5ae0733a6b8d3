import { resolve } from 'node:path'
import { writePrivate } from '../dataset-file.ts'
import type { EvalPlan } from '../../evals/runner/eval-plan.ts'
import { judgeAgents } from '../../evals/runner/judge-run.ts'
import { scoreRecorded } from '../../evals/runner/recorded-output.ts'
import { runEval, type EvalOutcome } from '../../evals/runner/run-eval.ts'
import { parseGate, type Gate } from '../../evals/report/gate.ts'
import { evalReport, type EvalReport } from '../../evals/report/report.ts'
import type { CaseResult } from '../../evals/runner/case-result.ts'
import type { OpenRefold } from '../../open-refold.ts'
import { present } from '../../present.ts'
import { counted } from '../../projections/amount-text.ts'
import type { CommandLine } from '../command-line.ts'
import { loadConfig } from '../config-file.ts'
import { casesOf, definitionFor, microUsd, planOf, type EvalOptions } from '../eval-command.ts'
import { evalParts } from '../eval-parts.ts'
import { evalProgressText } from '../eval-progress.ts'
import { printReport } from '../eval-report.ts'
import { refuseOtherPlan } from '../eval-runs.ts'
import { exitCodes } from '../exit-codes.ts'
import { createScreen } from '../screen.ts'
import { atWork } from '../session.ts'

/** Runs the cases of a dataset, scores them, and says what that shows. */
export const runEvalCommand = async (line: CommandLine, path: string, options: EvalOptions): Promise<void> => {
  const config = await loadConfig(line.cwd, line.configFile)
  const definition = definitionFor(config.evals ?? [], options)
  const names = definition.scorers.map(({ name }) => name)
  const gates = (definition.gate ?? []).map((text) => parseGate(gateText(text), names))
  const of = { definition, ...(await casesOf(line.cwd, path, options)) }
  const asked = { gates, output: options.output }
  await atWork(
    line,
    async (refold) =>
      options.recorded === true
        ? scoreWhatWas(line, refold, { ...of, maxCostMicroUsd: microUsd(options.maxCost) }, asked)
        : runAndScore(line, refold, planOf(refold.agents, of, options), asked),
    judgeAgents([definition]),
  )
}

interface Asked {
  readonly gates: readonly Gate[]
  readonly output: string | undefined
}

type Cases = Pick<EvalPlan, 'definition' | 'dataset' | 'cases'>

const runAndScore = async (line: CommandLine, refold: OpenRefold, plan: EvalPlan, asked: Asked): Promise<void> => {
  await refuseOtherPlan(refold, plan)
  const outcome = await withProgress(line, (progress) => runEval(evalParts(refold, line), plan, { progress }))
  const { id, agents } = plan
  await sayHowFar(line, plan, outcome)
  const names = { candidate: agents.candidate.id, baseline: agents.baseline?.id }
  await report(line, plan, {
    ...asked,
    id,
    names,
    results: outcome.results,
    planned: outcome.total,
    isWhole: outcome.stopped === undefined,
  })
  await line.output.note(`eval ${id} of ${datasetText(plan)}: refold eval show ${id}`)
  if (outcome.stopped === 'signal') line.exitWith(exitCodes.interrupted)
}

const scoreWhatWas = async (
  line: CommandLine,
  refold: OpenRefold,
  of: Cases & { readonly maxCostMicroUsd: number | undefined },
  asked: Asked,
): Promise<void> => {
  const id = `recorded-${of.dataset.version}`
  const results = await scoreRecorded(evalParts(refold, line), { ...of, id })
  const agents = [...new Set(of.cases.map(({ source }) => source.agent))].sort()
  await report(line, of, {
    ...asked,
    id: null,
    names: { candidate: agents.join(', ') },
    results,
    planned: of.cases.length,
    isWhole: results.length === of.cases.length,
  })
}

/** Short for those that compare. */
const gateText = (text: string): string => {
  if (text === 'not-worse') return 'not worse than baseline'
  return text === 'better' ? 'better than baseline' : text
}

const withProgress = async (
  line: CommandLine,
  work: (progress: (progress: Parameters<ReturnType<typeof evalProgressText>>[0]) => void) => Promise<EvalOutcome>,
): Promise<EvalOutcome> => {
  const screen = createScreen(line, line.output.json)
  const text = evalProgressText(line.clock)
  try {
    return await work((progress) => {
      screen.status(text(progress))
    })
  } finally {
    screen.rest()
  }
}

const sayHowFar = async (
  { output }: CommandLine,
  { id, maxCostMicroUsd }: EvalPlan,
  { stopped, done, total, known }: EvalOutcome,
): Promise<void> => {
  if (stopped === 'money')
    await output.note(
      `The money is spent: ${(maxCostMicroUsd ?? 0) / 1_000_000} USD. ${done} of ${counted(total, 'run')} are done; with a larger --max-cost the same command goes on.`,
    )
  else if (stopped === 'signal')
    await output.note(`Stopped: ${done} of ${counted(total, 'run')} are done. The same command goes on (--id ${id}).`)
  else if (known === total && total > 0)
    await output.note(`All ${counted(total, 'run')} were there: nothing was run. For a new eval: --id NAME`)
  else if (known > 0) await output.note(`${counted(known, 'run')} were there, ${total - known} were run.`)
}

interface Shown extends Asked {
  /** Null where nothing was run. */
  readonly id: string | null
  readonly names: { readonly candidate: string; readonly baseline?: string | undefined }
  readonly results: readonly CaseResult[]
  readonly planned: number
  readonly isWhole: boolean
}

const report = async (line: CommandLine, of: Cases, shown: Shown): Promise<void> => {
  const { id, results, gates, planned, isWhole, output } = shown
  const found = reportOf(of, shown)
  const document = { id, dataset: datasetText(of), complete: isWhole, ...found }
  if (output !== undefined) await writePrivate(resolve(line.cwd, output), `${JSON.stringify({ ...document, results }, null, 2)}\n`)
  await line.output.document(document)
  if (!line.output.json) await printReport(line, found, { planned, scored: results.length })
  if (gates.length > 0 && (!isWhole || !found.passed)) line.exitWith(exitCodes.gate)
}

const datasetText = ({ dataset: { name, version } }: Pick<Cases, 'dataset'>): string => `${name}@${version}`

const reportOf = ({ definition, cases }: Cases, { names, results, gates }: Shown): EvalReport => {
  const { candidate, baseline } = names
  const of = (arm: CaseResult['arm']): readonly CaseResult[] => results.filter((each) => each.arm === arm)
  return evalReport({
    candidate: { agent: candidate, attempts: of('candidate') },
    ...present({ baseline: baseline === undefined ? undefined : { agent: baseline, attempts: of('baseline') } }),
    scorers: definition.scorers.map(({ name }) => name),
    labels: new Map(cases.flatMap(({ id, expected }) => (expected?.labels === undefined ? [] : [[id, expected.labels] as const]))),
    gates,
  })
}
