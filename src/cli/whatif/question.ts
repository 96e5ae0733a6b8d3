import type { OpenRefold } from '../../open-refold.ts'
import type { Agent } from '../../runtime/agent.ts'
import type { Purse } from '../../evals/purse.ts'

/** One what-if, and by what it is answered. */
export interface Question {
  readonly id: string
  /** The version that decides. */
  readonly agent: Agent
  readonly by: string
  readonly refold: OpenRefold
  readonly signal: AbortSignal
  readonly purse: Purse
}
