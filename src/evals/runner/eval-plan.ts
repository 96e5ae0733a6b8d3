import { AppError } from '../../errors.ts'
import { sha256 } from '../../hash.ts'
import { canonicalJson, type JsonObject } from '../../json.ts'
import { present } from '../../present.ts'
import type { Agent } from '../../runtime/agent.ts'
import type { DatasetCase } from '../dataset-case.ts'
import { isJudge, type EvalDefinition } from '../define-eval.ts'
import type { Arm, RunOfEval } from './case-result.ts'

/** All that an eval does, before it does it. */
export interface EvalPlan {
  /** Runs of one id are one eval, however often it was begun. */
  readonly id: string
  readonly definition: EvalDefinition
  readonly dataset: { readonly name: string; readonly version: string }
  readonly cases: readonly DatasetCase[]
  readonly epochs: number
  readonly agents: Readonly<Partial<Record<Arm, Agent>>> & { readonly candidate: Agent }
  /** In place of the agent's own; `recorded` for the answers of each case's own run. */
  readonly model?: string
  /** Of all runs together, judges included. */
  readonly maxCostMicroUsd?: number
  readonly concurrency: number
}

/** One run of it. */
export interface EvalJob {
  readonly runId: string
  readonly case: DatasetCase
  /** From 1. */
  readonly epoch: number
  readonly arm: Arm
  readonly agent: Agent
}

export const identityOf = ({ runId, case: { id, task }, epoch, arm }: EvalJob): RunOfEval => ({ runId, caseId: id, task, epoch, arm })

/** Both agents of a case one after the other, so that what is there when it stops can be compared. */
export function* jobsOf({ id, cases, epochs, agents }: EvalPlan): Generator<EvalJob> {
  for (let epoch = 1; epoch <= epochs; epoch++)
    for (const each of cases)
      for (const [arm, agent] of armsOf(agents)) yield { runId: runIdOf(id, { case: each, epoch, arm }), case: each, epoch, arm, agent }
}

const armsOf = (agents: EvalPlan['agents']): readonly (readonly [Arm, Agent])[] =>
  (['candidate', 'baseline'] as const).flatMap((arm) => {
    const agent = agents[arm]
    return agent === undefined ? [] : [[arm, agent] as const]
  })

export const jobCount = ({ cases, epochs, agents }: EvalPlan): number => cases.length * epochs * armsOf(agents).length

const runIdOf = (id: string, { case: { id: caseId }, epoch, arm }: Pick<EvalJob, 'case' | 'epoch' | 'arm'>): string =>
  `${id}.${/^[\w-]{1,64}$/.test(caseId) ? caseId : sha256(caseId).slice(0, 16)}.${epoch}${arm === 'baseline' ? '.baseline' : ''}`

/** By which the runs of an eval are found. */
export const tagsOf = (
  { id, dataset }: EvalPlan,
  { case: { id: caseId, task }, epoch, arm }: EvalJob,
): Readonly<Record<string, string>> => ({
  eval: id,
  dataset: `${dataset.name}@${dataset.version}`,
  case: tagValue(caseId),
  task: tagValue(task),
  epoch: String(epoch),
  arm,
})

/** As a tag holds it: one line, not long. */
const tagValue = (text: string): string =>
  text !== '' && text.length <= 200 && !/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.test(text) ? text : sha256(text).slice(0, 16)

/** What has to be the same for runs to be of one eval. Each run notes it. */
export const planNote = ({ definition, dataset, epochs, agents, model, cases }: EvalPlan): JsonObject => ({
  name: definition.name,
  dataset: `${dataset.name}@${dataset.version}`,
  cases: cases.length,
  epochs,
  agent: codeName(agents.candidate),
  ...present({ baseline: agents.baseline && codeName(agents.baseline), model }),
  scorers: definition.scorers.map((each) => (isJudge(each) ? `${each.name} ${each.version} ${each.model}` : each.name)),
  effects: definition.effects ?? 'sealed',
})

/** The code as far as it shows itself: a change under one version is another agent. */
const codeName = ({ id, definition }: Agent): string => `${id} ${sha256(canonicalJson(definition)).slice(0, 8)}`

/** The id of the same plan is the same, so that the same command goes on where it was. */
export const idOfPlan = (plan: Omit<EvalPlan, 'id'>): string => {
  const hash = sha256(canonicalJson(planNote({ ...plan, id: '' }))).slice(0, 8)
  return `${plan.dataset.name.slice(0, 40)}-${plan.agents.candidate.name.slice(0, 40)}-${hash}`.replaceAll(/[^\w.-]/g, '-')
}

const ID = /^[A-Za-z0-9][\w.-]{0,99}$/

/** Throws `InvalidInput` for what cannot be run again, with the reason. */
export const checkPlan = ({ id, cases }: EvalPlan): void => {
  if (!ID.test(id))
    throw new AppError('InvalidInput', `Expected an id of an eval of letters, digits, ".", "_" and "-", found ${JSON.stringify(id)}`)
  if (cases.length === 0) throw new AppError('InvalidInput', 'Expected cases in the dataset, found none that fit')
  const other = cases.find(({ of }) => of !== 'run')
  if (other === undefined) return
  throw new AppError(
    'InvalidInput',
    `Expected cases of whole runs, which can be begun again, found case ${other.id} of a ${other.of}: a conversation cannot be begun in its middle. ` +
      `Score what was recorded with --recorded, or make the dataset with --of run`,
  )
}

const differing = (one: JsonObject, other: JsonObject): string[] =>
  [...new Set([...Object.keys(one), ...Object.keys(other)])].filter(
    (field) => canonicalJson(one[field] ?? null) !== canonicalJson(other[field] ?? null),
  )

/** Throws `InvalidInput` where runs of this id are of another plan. */
export const checkSamePlan = (plan: EvalPlan, noted: JsonObject): void => {
  const now = planNote(plan)
  const fields = differing(noted, now)
  if (fields.length === 0) return
  const changes = fields.map((field) => `${field} was ${shown(noted[field])} and is ${shown(now[field])}`)
  throw new AppError(
    'InvalidInput',
    `Expected what the eval ${plan.id} was begun with, found something else: ${changes.join('; ')}. Begin another one with --id`,
    { details: { id: plan.id, fields } },
  )
}

const shown = (value: unknown): string => (value === undefined ? 'not given' : typeof value === 'string' ? value : JSON.stringify(value))
