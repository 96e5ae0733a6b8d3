import type { ModelFailureClass } from '../events/message.ts'

export interface FailureRule {
  /** Attempts of one model, the first one counted. */
  readonly attempts: number
  readonly baseDelayMs: number
  readonly maxDelayMs: number
  /** What follows when they are used up. */
  readonly then: 'nextModel' | 'escalate'
}

export type FailurePolicy = Readonly<Record<ModelFailureClass, FailureRule>>

const retried = (attempts: number, baseDelayMs = 500, maxDelayMs = 30_000): FailureRule => ({
  attempts,
  baseDelayMs,
  maxDelayMs,
  then: 'nextModel',
})
const switched: FailureRule = { attempts: 1, baseDelayMs: 0, maxDelayMs: 0, then: 'nextModel' }
const stopped: FailureRule = { attempts: 1, baseDelayMs: 0, maxDelayMs: 0, then: 'escalate' }

/** One row a class. */
export const defaultFailurePolicy: FailurePolicy = {
  rateLimit: retried(5, 1_000, 60_000),
  quota: switched,
  overloaded: retried(3, 1_000),
  server: retried(3),
  timeout: retried(2),
  network: retried(3),
  protocol: retried(3),
  auth: switched,
  badRequest: switched,
  contextLength: switched,
  length: retried(2, 0, 0),
  refusal: switched,
  empty: retried(2, 0, 0),
  limit: stopped,
}

export interface FailedAttempt {
  readonly class: ModelFailureClass
  /** 1 for the first attempt of this model. */
  readonly modelAttempt: number
  readonly hasNextModel: boolean
  readonly retryAfterMs?: number
  /** ms since the epoch. */
  readonly at: number
  /** Drawn once, in [0, 1): it is stored as `retryAt`, so no replay draws it again. */
  readonly chance: number
}

export type AfterFailure = { readonly next: 'retry'; readonly retryAt: number } | { readonly next: 'nextModel' | 'escalate' }

/** A vendor that asks for more patience than this has failed for now. */
const LONGEST_RETRY_AFTER_MS = 120_000

/** Full jitter: between nothing and the doubled delay; what the vendor asks for counts where it is longer. */
export const afterModelFailure = (policy: FailurePolicy, failed: FailedAttempt): AfterFailure => {
  const rule = policy[failed.class]
  const asked = failed.retryAfterMs ?? 0
  if (failed.modelAttempt < rule.attempts && asked <= LONGEST_RETRY_AFTER_MS) {
    return { next: 'retry', retryAt: failed.at + Math.max(asked, backoffMs(rule, failed.modelAttempt, failed.chance)) }
  }
  return { next: rule.then === 'nextModel' && failed.hasNextModel ? 'nextModel' : 'escalate' }
}

export const backoffMs = (
  rule: { readonly baseDelayMs: number; readonly maxDelayMs: number },
  failedAttempts: number,
  chance: number,
): number => Math.round(Math.min(rule.maxDelayMs, rule.baseDelayMs * 2 ** (failedAttempts - 1)) * chance)
