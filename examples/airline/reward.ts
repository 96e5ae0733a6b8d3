import type { AirlineData } from './airline-data.ts'
import { callTool } from './call-tool.ts'
import { dataHash } from './data-hash.ts'

export interface Task {
  readonly userId: string
  /** What the simulated user was told. */
  readonly instruction: string
  /** The ground truth: the calls that lead to the right data. */
  readonly actions: readonly { readonly name: string; readonly argumentsText: string }[]
  /** What the agent has to tell the user. */
  readonly outputs: readonly string[]
}

/** By the user's word, by the transfer to a human, or because the 30th message of the agent was no end. */
export type RunEnd = 'stop' | 'transfer' | 'stepLimit'

export interface FinishedRun {
  readonly task: Task
  /** With all changes of the run. */
  readonly data: AirlineData
  /** What the agent said to the user: the texts of its messages without a tool call. */
  readonly answers: readonly string[]
  readonly end: RunEnd
}

export interface Reward {
  readonly reward: 0 | 1
  readonly dataMatches: boolean
  readonly groundTruthHash: string
  /** For each output of the task, whether the agent said it. */
  readonly outputs: Readonly<Record<string, boolean>>
}

/** `fresh` is what the run started from. At the step limit the reward is 0, whatever the data. */
export const rewardOf = (run: FinishedRun, fresh: AirlineData): Reward => {
  const groundTruthHash = dataHash(groundTruth(run.task, fresh))
  const dataMatches = dataHash(run.data) === groundTruthHash
  const outputs = Object.fromEntries(run.task.outputs.map((output) => [output, isSaid(output, run.answers)]))
  const deserved = run.end !== 'stepLimit' && dataMatches && Object.values(outputs).every(Boolean)
  return { reward: deserved ? 1 : 0, dataMatches, groundTruthHash, outputs }
}

/** The data to which the task's own actions lead. */
export const groundTruth = (task: Task, fresh: AirlineData): AirlineData =>
  task.actions
    .filter(({ name }) => name !== 'transfer_to_human_agents')
    .reduce((data, { name, argumentsText }) => callTool(data, name, argumentsText).data, fresh)

/** A plain substring test without regard to case; commas are dropped, so that `$23,553` says `23553`. */
const isSaid = (output: string, answers: readonly string[]): boolean =>
  answers.some((answer) => answer.toLowerCase().replaceAll(',', '').includes(output.toLowerCase()))

export interface TaskReward {
  readonly taskId: number
  readonly reward: number
}

export const meanReward = (rewards: readonly TaskReward[]): number => mean(rewards.map(({ reward }) => reward))

/**
 * pass^k: the chance that `k` trials of a task, drawn without replacement, all succeed; the mean over the tasks.
 * Throws a RangeError where `k` is less than 1 or a task has fewer than `k` trials.
 */
export const passHatK = (rewards: readonly TaskReward[], k: number): number => {
  if (!Number.isInteger(k) || k < 1) throw new RangeError(`expected k as an integer from 1, found ${k}`)
  const byTask = Map.groupBy(rewards, ({ taskId }) => taskId)
  return mean(Array.from(byTask, ([taskId, trials]) => chance(taskId, trials, k)))
}

/** C(c, k) / C(n, k) for `c` successes in `n` trials. */
const chance = (taskId: number, trials: readonly TaskReward[], k: number): number => {
  if (trials.length < k) throw new RangeError(`expected at least ${k} trials of task ${taskId}, found ${trials.length}`)
  const successes = trials.filter(({ reward }) => Math.abs(reward - 1) <= 1e-6).length
  let product = 1
  for (let i = 0; i < k; i++) product *= Math.max(successes - i, 0) / (trials.length - i)
  return product
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
