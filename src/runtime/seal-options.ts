import { z } from 'zod'
import { comparable } from '../events/comparable.ts'
import type { ForkSeal } from '../events/fork.ts'
import { incomingJson } from '../events/message.ts'
import type { Json } from '../json.ts'

/** What a run with a seal may do. What is not named reaches nothing outside. */
export interface SealOptions {
  /** Tools that are executed for real: of a fork, where the origin has recorded nothing. */
  readonly real?: readonly string[] | undefined
  /** So are tools that only read. */
  readonly reads?: boolean | undefined
  /** What calls bring of which nothing is recorded, by tool; and runs that are asked for, by agent. */
  readonly simulate?: Readonly<Record<string, Json>> | undefined
  /** What nothing else says is made up from an example, or from the tool's schema; otherwise a person is asked. */
  readonly samples?: boolean | undefined
  /** So many answers of models are asked for at most, 50 by default; 0 is none, null no limit. */
  readonly modelCalls?: number | null | undefined
  /** So much they may cost together, in US dollars; null, the default, is no limit but those of the agent. */
  readonly costUsd?: number | null | undefined
}

/** Of a run that begins with a seal, and is no fork: it performs what it may, and answers the rest from a record. */
export interface SealedStartOptions extends SealOptions {
  /** Id of the run whose record answers: a tool call by tool and input, and a model call by its prompt where no model is called at all. */
  readonly record?: string | undefined
  /** In place of every model of its agent: `provider/model`. */
  readonly model?: string | undefined
}

export const nameInSeal = comparable.min(1).max(200)
export const modelName = nameInSeal.regex(/^[^/]+\/.+$/, 'expected provider/model')
const DEFAULT_MODEL_CALLS = 50
const MOST_NAMES = 100

export const simulatedValues = z
  .record(nameInSeal, incomingJson)
  .refine((given) => Object.keys(given).length <= MOST_NAMES, `expected ${MOST_NAMES} entries at most`)

export const sealShape = {
  real: z.array(nameInSeal).max(MOST_NAMES).optional(),
  reads: z.boolean().optional(),
  simulate: simulatedValues.optional(),
  samples: z.boolean().optional(),
  modelCalls: z.int().nonnegative().max(1_000_000).nullable().optional(),
  costUsd: z.number().nonnegative().max(1_000_000).nullable().optional(),
}

export const sealedStartShape = z.strictObject({ ...sealShape, record: z.string().optional(), model: modelName.optional() })

export const sealOf = ({
  real = [],
  reads = false,
  simulate = {},
  samples = false,
  modelCalls,
  costUsd = null,
}: SealOptions): ForkSeal => ({
  real: [...new Set(real)],
  reads,
  simulate: { ...simulate },
  samples,
  modelCalls: modelCalls === undefined ? DEFAULT_MODEL_CALLS : modelCalls,
  costMicroUsd: costUsd === null ? null : Math.round(costUsd * 1_000_000),
})
