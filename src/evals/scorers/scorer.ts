import type { RunEvent } from '../../events/envelope.ts'
import type { Json } from '../../json.ts'
import type { CaseToolCall, DatasetCase } from '../dataset-case.ts'

/** A call of the run that is scored, and the event that asked for it. */
export interface ScoredToolCall extends CaseToolCall {
  readonly revision?: number | undefined
}

/** What a run has used up, with its children. Times are those of its turns, without the time that people took. */
export interface Spent {
  readonly costMicroUsd: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly latencyMs: number
}

/** One run of a case, as it stands at its end. */
export interface ScoredRun {
  readonly case: DatasetCase
  readonly events: readonly RunEvent[]
  /** The newest answer. */
  readonly answer: string | null
  /** Of a run that has ended with a result. */
  readonly output: Json | null
  readonly toolCalls: readonly ScoredToolCall[]
  readonly spent: Spent
  /** What people see of a projection of the agent at the end; undefined for one that it has not got. */
  projection(name: string): Json | undefined
}

export interface Score {
  /** 0 to 1. */
  readonly value: number
  readonly passed: boolean
  /** Why, for people. */
  readonly note: string
  /** The step that lost it, where that is known. */
  readonly revision?: number | undefined
}

/** Says how good a run is. What it throws, or gives that is no score, is a failed score. */
export interface Scorer {
  readonly name: string
  score(run: ScoredRun): Score | Promise<Score>
}

export const passes = (note: string): Score => ({ value: 1, passed: true, note })

export const fails = (note: string, revision?: number): Score => ({
  value: 0,
  passed: false,
  note,
  ...(revision === undefined ? {} : { revision }),
})
