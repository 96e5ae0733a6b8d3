import { bootstrapQuantiles } from '../statistics/bootstrap.ts'
import type { Chance } from '../statistics/chance.ts'
import type { Attempt } from './attempt.ts'
import { reported, type ReportedEstimate } from './estimates.ts'

/** What all runs of an agent have used. */
export interface Usage {
  readonly costMicroUsd: number
  readonly costMicroUsdPerRun: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly tokensPerRun: number
  /** Of a run, without the time that people took; ms. */
  readonly p50: ReportedEstimate
  readonly p95: ReportedEstimate
}

export const usageOf = (attempts: readonly Attempt[], chance: Chance): Usage => {
  const sum = (pick: (attempt: Attempt) => number): number => attempts.reduce((total, attempt) => total + pick(attempt), 0)
  const runs = Math.max(1, attempts.length)
  const costMicroUsd = sum(({ spent }) => spent.costMicroUsd)
  const inputTokens = sum(({ spent }) => spent.inputTokens)
  const outputTokens = sum(({ spent }) => spent.outputTokens)
  const times = attempts.map(({ task, spent }) => ({ task, value: spent.latencyMs }))
  const [p50, p95] = bootstrapQuantiles(times, [0.5, 0.95], { chance }).map(reported)
  return {
    costMicroUsd,
    costMicroUsdPerRun: costMicroUsd / runs,
    inputTokens,
    outputTokens,
    tokensPerRun: (inputTokens + outputTokens) / runs,
    p50: p50 ?? UNKNOWN,
    p95: p95 ?? UNKNOWN,
  }
}

const UNKNOWN: ReportedEstimate = { value: null, low: null, high: null }
