import { z } from 'zod'

export const limitName = z.enum(['iterations', 'toolCalls', 'tokens', 'cost', 'wallTime', 'repeatedCalls', 'cycle'])
export type LimitName = z.infer<typeof limitName>

/** `null` switches a limit off. */
export const limits = z.strictObject({
  iterationsPerTurn: z.int().positive().nullable(),
  toolCallsPerTurn: z.int().positive().nullable(),
  /** Input and output of the whole run. */
  tokens: z.int().positive().nullable(),
  /** Of the whole run. */
  costMicroUsd: z.int().nonnegative().nullable(),
  /** Of one turn, without the time that people take to approve and that a model is waited out. */
  wallTimeMs: z.int().positive().nullable(),
  /** So many calls of one tool with the same arguments and the same result. */
  repeatedCalls: z.int().positive().nullable(),
  /** So many repetitions of a pattern of up to four calls. */
  cycles: z.int().positive().nullable(),
  /** Levels of runs below the topmost one; 8 where it is absent. */
  childDepth: z.int().nonnegative().nullable().optional(),
  /** Runs that this one waits for at one time; 100 where it is absent. */
  openChildRuns: z.int().nonnegative().nullable().optional(),
  /** All runs below this one; 1,000 where it is absent. */
  childRuns: z.int().nonnegative().nullable().optional(),
})
export type Limits = z.infer<typeof limits>
