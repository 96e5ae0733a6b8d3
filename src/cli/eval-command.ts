import { basename, resolve } from 'node:path'
import { AppError } from '../errors.ts'
import type { DatasetCase } from '../evals/dataset-case.ts'
import { datasetVersion } from '../evals/dataset.ts'
import { defineEval, type Effects, type EvalDefinition } from '../evals/define-eval.ts'
import { idOfPlan, type EvalPlan } from '../evals/runner/eval-plan.ts'
import { scorerNamed } from '../evals/runner/named-scorers.ts'
import { present } from '../present.ts'
import type { Agent } from '../runtime/agent.ts'
import type { Agents } from '../runtime/code/agents.ts'
import { readDataset } from './dataset-file.ts'

export interface EvalOptions {
  readonly agent?: string
  readonly baseline?: string
  readonly eval?: string
  readonly scorer?: readonly string[]
  readonly epochs: number
  readonly limit?: number
  readonly split?: 'train' | 'test'
  readonly concurrency: number
  readonly maxCost?: number
  readonly model?: string
  readonly effects?: Effects
  readonly gate?: readonly string[]
  readonly recorded?: true
  readonly id?: string
  readonly output?: string
}

/** How its cases are scored: by an eval of the configuration, by scorers of these names, or by the only eval that there is. */
export const definitionFor = (evals: readonly EvalDefinition[], { eval: name, scorer, effects, gate }: EvalOptions): EvalDefinition => {
  const found = chosen(evals, name, scorer)
  return { ...found, ...present({ effects, gate }) }
}

const chosen = (evals: readonly EvalDefinition[], name: string | undefined, scorers: readonly string[] | undefined): EvalDefinition => {
  if (name !== undefined && scorers !== undefined) throw new AppError('InvalidInput', 'Expected either --eval or --scorer, found both')
  if (scorers !== undefined) {
    const names = scorers.flatMap((text) => text.split(',')).map((text) => text.trim())
    return defineEval({ name: names.join('-').slice(0, 64), scorers: names.map(scorerNamed) })
  }
  const known = evals.map((each) => each.name).join(', ') || 'none'
  const [only] = evals
  const found = name === undefined ? (evals.length === 1 ? only : undefined) : evals.find((each) => each.name === name)
  if (found !== undefined) return found
  throw new AppError(
    'InvalidInput',
    `Expected --eval with one of the configuration (${known}), or --scorer with names such as exact,contains`,
  )
}

/** `name@version`, or the newest of a name. Throws `UnknownAgent`. */
const agentNamed = (agents: Agents, text: string): Agent => agents.all().find(({ id }) => id === text) ?? agents.newest(text)

/** What is run or scored. Throws `InvalidInput` where the file is no dataset. */
export const casesOf = async (cwd: string, path: string, { split, limit }: EvalOptions): Promise<Pick<EvalPlan, 'dataset' | 'cases'>> => {
  const all = await readDataset(resolve(cwd, path))
  const name = basename(path).replace(/\.jsonl$/, '')
  return { dataset: { name: datasetName(name), version: datasetVersion(all) }, cases: casesFor(all, split, limit) }
}

export const planOf = (
  agents: Agents,
  of: Pick<EvalPlan, 'dataset' | 'cases' | 'definition'>,
  { agent, baseline, epochs, concurrency, maxCost, model, id }: EvalOptions,
): EvalPlan => {
  const candidate = agentNamed(agents, agent ?? of.cases[0]?.source.agent.split('@')[0] ?? '')
  const plan = {
    ...of,
    epochs,
    agents: { candidate, ...present({ baseline: baseline === undefined ? undefined : agentNamed(agents, baseline) }) },
    concurrency,
    ...present({ model, maxCostMicroUsd: microUsd(maxCost) }),
  }
  return { ...plan, id: id ?? idOfPlan(plan) }
}

export const microUsd = (usd: number | undefined): number | undefined => (usd === undefined ? undefined : Math.round(usd * 1_000_000))

const casesFor = (cases: readonly DatasetCase[], split: EvalOptions['split'], limit = Infinity): readonly DatasetCase[] => {
  const ids = new Set<string>()
  for (const { id } of cases) {
    if (ids.has(id)) throw new AppError('InvalidInput', `Expected each case once, found two of the id ${id}`)
    ids.add(id)
  }
  return cases.filter((each) => split === undefined || each.split === split).slice(0, limit)
}

/** As a tag takes it, with its version. */
const datasetName = (name: string): string => name.replaceAll(/[^\w.-]/g, '-').slice(0, 100) || 'dataset'
