import { z } from 'zod'
import { json } from './message.ts'

/** A place in another run. */
export const origin = z.strictObject({ runId: z.string().min(1), revision: z.int().nonnegative() })

/**
 * Of what answers a call of a fork, where the result is from: `recorded` by its origin, `simulated` (given, or made up), `asked` of a person,
 * `live` from a model that was called, `real` from a tool that was executed.
 */
const sources = ['recorded', 'simulated', 'asked', 'live', 'real'] as const
export const source = z.enum(sources)
export type ResultSource = z.infer<typeof source>

/** How many results of a fork are from where. */
export type SourceCounts = Readonly<Record<ResultSource, number>>

/** What a fork may do where its origin has recorded nothing. */
export const forkSeal = z.strictObject({
  /** Tools that are executed for real. */
  real: z.array(z.string()).max(1_000),
  /** Tools that only read are executed for real, too. */
  reads: z.boolean(),
  /** What a call brings, by tool; and a run that is asked for, by agent. */
  simulate: z.record(z.string(), json),
  /** What no other rule gives is made up: as the tool has answered in the origin, or as its schema says. Otherwise a person is asked. */
  samples: z.boolean(),
  /** Answers that models may be asked for, and what they may cost together; null is no limit. */
  modelCalls: z.int().nonnegative().nullable(),
  costMicroUsd: z.int().nonnegative().nullable(),
})
export type ForkSeal = z.infer<typeof forkSeal>

/** Of a run that is no fork and yet sealed: what it may do, and the run whose record answers what it may not, up to its newest event then. */
export const sealedStart = z.strictObject({ seal: forkSeal, record: origin.optional() })

/** What is otherwise than in the origin. What was said stands as an event of its own. */
export const forkChanges = z.strictObject({
  instructions: z.string().optional(),
  /** Of every model of the run: `provider/model`. */
  model: z.string().optional(),
  /** What calls bring that are open where the fork begins, by their ids. */
  results: z.record(z.string(), json).optional(),
  /** Digest of what is said in place of what the origin was told. */
  message: z.string().optional(),
  agentVersion: z.string().optional(),
})
export type ForkChanges = z.infer<typeof forkChanges>

export const noSources: SourceCounts = { recorded: 0, simulated: 0, asked: 0, live: 0, real: 0 }

/** With one event more. */
export const countSource = (counts: SourceCounts = noSources, data: object): SourceCounts => {
  const from = 'source' in data ? sources.find((known) => known === data.source) : undefined
  return from === undefined ? counts : { ...counts, [from]: counts[from] + 1 }
}
