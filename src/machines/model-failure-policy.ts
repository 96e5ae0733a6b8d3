import { z } from 'zod'
import { modelFailureClass, type ModelFailureClass } from '../events/message.ts'

export interface FailureRule {
  /** Attempts of one model, the first one counted, where another model could take its place. */
  readonly attempts: number
  readonly baseDelayMs: number
  readonly maxDelayMs: number
  /** What follows when they are used up. */
  readonly then: 'nextModel' | 'escalate'
  /**
   * How long the last model, or the only one, is tried from its first failure on, before a person is asked; `Infinity` for ever.
   * Left out, it has its `attempts`, as the others.
   */
  readonly forMs?: number | undefined
}

const waitMs = z.number().nonnegative().or(z.literal(Infinity))

/** What an agent may be given of them. */
export const failureRules = z.partialRecord(
  modelFailureClass,
  z
    .strictObject({
      attempts: z.int().positive(),
      baseDelayMs: waitMs,
      maxDelayMs: waitMs,
      then: z.enum(['nextModel', 'escalate']),
      forMs: waitMs.optional(),
    })
    .optional(),
)

export type FailurePolicy = Readonly<Record<ModelFailureClass, FailureRule>>

const retried = (attempts: number, baseDelayMs = 500, maxDelayMs = 30_000): FailureRule => ({
  attempts,
  baseDelayMs,
  maxDelayMs,
  then: 'nextModel',
})
const PATIENCE_MS = 10 * 60_000
/** What passes by itself: a person could only wait, too. */
const waitedOut = (attempts: number, baseDelayMs: number): FailureRule => ({
  ...retried(attempts, baseDelayMs, 60_000),
  forMs: PATIENCE_MS,
})
const switched: FailureRule = { attempts: 1, baseDelayMs: 0, maxDelayMs: 0, then: 'nextModel' }
const stopped: FailureRule = { attempts: 1, baseDelayMs: 0, maxDelayMs: 0, then: 'escalate' }

/** One row a class. */
export const defaultFailurePolicy: FailurePolicy = {
  rateLimit: waitedOut(5, 1_000),
  quota: switched,
  overloaded: waitedOut(3, 1_000),
  server: waitedOut(3, 500),
  timeout: waitedOut(2, 500),
  network: waitedOut(3, 500),
  protocol: { ...waitedOut(3, 500), forMs: 2 * 60_000 },
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
  /** When the attempts of this model began to fail; `at` for the first. */
  readonly failingSince: number
  /** Drawn once, in [0, 1): it is stored as `retryAt`, so no replay draws it again. */
  readonly chance: number
}

export type AfterFailure =
  { readonly next: 'retry'; readonly retryAt: number; readonly failingSince?: number } | { readonly next: 'nextModel' | 'escalate' }

/** A vendor that asks for more patience than this has failed for now. */
const LONGEST_RETRY_AFTER_MS = 120_000

/** Full jitter: between nothing and the doubled delay; what the vendor asks for counts where it is longer. */
export const afterModelFailure = (policy: FailurePolicy, failed: FailedAttempt): AfterFailure => {
  const rule = policy[failed.class]
  const isPatient = rule.forMs !== undefined && !(failed.hasNextModel && rule.then === 'nextModel')
  const asked = failed.retryAfterMs ?? 0
  const wait = Math.max(asked, backoffMs(rule, failed.modelAttempt, failed.chance))
  if (isPatient) {
    if (failed.at + wait - failed.failingSince <= (rule.forMs ?? 0)) {
      return { next: 'retry', retryAt: failed.at + wait, failingSince: failed.failingSince }
    }
  } else if (failed.modelAttempt < rule.attempts && asked <= LONGEST_RETRY_AFTER_MS) {
    return { next: 'retry', retryAt: failed.at + wait }
  }
  return { next: rule.then === 'nextModel' && failed.hasNextModel ? 'nextModel' : 'escalate' }
}

const MOST_DOUBLINGS = 30

export const backoffMs = (
  rule: { readonly baseDelayMs: number; readonly maxDelayMs: number },
  failedAttempts: number,
  chance: number,
): number => Math.round(Math.min(rule.maxDelayMs, rule.baseDelayMs * 2 ** Math.min(failedAttempts - 1, MOST_DOUBLINGS)) * chance)
