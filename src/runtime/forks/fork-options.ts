import { z } from 'zod'
import { AppError } from '../../errors.ts'
import { comparable } from '../../events/comparable.ts'
import type { ForkChanges, ForkSeal } from '../../events/fork.ts'
import { incomingJson } from '../../events/message.ts'
import { sha256 } from '../../hash.ts'
import type { Json } from '../../json.ts'
import { present } from '../../present.ts'
import { checkMessage, checkRunId, handedIn, problemsOf, readOptions } from '../checked-input.ts'

/** From where a run is forked, what is otherwise in it, and what it may do. What is not named reaches nothing outside. */
export interface ForkOptions {
  /** The last revision that the fork shares with its origin; that of a message or of a call's result is not shared where it is changed. */
  readonly at: number
  /** Who asks for it. */
  readonly by: string
  readonly note?: string | undefined
  /** Chosen by the caller, so that a repeated fork is one fork; a fresh UUID otherwise. */
  readonly runId?: string | undefined
  /** Said there, in place of what was said. */
  readonly message?: string | undefined
  /** What calls bring that are open there, by call id. */
  readonly results?: Readonly<Record<string, Json>> | undefined
  readonly instructions?: string | undefined
  /** In place of every model of the run: `provider/model`. */
  readonly model?: string | undefined
  /** Another version of its agent, which has to explain all that is shared. */
  readonly agentVersion?: string | undefined
  /** Tools that are executed for real where the origin has recorded nothing. */
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

const name = comparable.min(1).max(200)
const DEFAULT_MODEL_CALLS = 50
const MOST_NAMES = 100
const LONGEST_INSTRUCTIONS = 1024 * 1024

const values = z
  .record(name, incomingJson)
  .refine((given) => Object.keys(given).length <= MOST_NAMES, `expected ${MOST_NAMES} entries at most`)

/** Of the same words over HTTP. */
export const forkShape = {
  at: z.int().nonnegative(),
  note: comparable.max(2_000).optional(),
  message: z.string().min(1).optional(),
  results: values.optional(),
  instructions: z.string().max(LONGEST_INSTRUCTIONS).optional(),
  model: name.regex(/^[^/]+\/.+$/, 'expected provider/model').optional(),
  agentVersion: name.optional(),
  real: z.array(name).max(MOST_NAMES).optional(),
  reads: z.boolean().optional(),
  simulate: values.optional(),
  samples: z.boolean().optional(),
  modelCalls: z.int().nonnegative().max(1_000_000).nullable().optional(),
  costUsd: z.number().nonnegative().max(1_000_000).nullable().optional(),
}

const schema = z.strictObject({ ...forkShape, by: name, runId: z.string().optional() })

/** As they are now, checked by their shape. Throws `InvalidInput` and `TooLarge`. */
export const checkedFork = (given: ForkOptions): ForkOptions => {
  const options = handedIn(readOptions(given, 'from where to fork, and who asks for it, as { at, by }'))
  const checked = schema.safeParse(options)
  if (!checked.success) {
    const problems = problemsOf(schema, checked.error)
    throw new AppError('InvalidInput', `Expected a fork as it is documented, found this: ${problems.join('; ')}`, { details: { problems } })
  }
  if (options.runId !== undefined) checkRunId(options.runId)
  if (options.message !== undefined) checkMessage(options.message)
  return options
}

export const sealOf = ({
  real = [],
  reads = false,
  simulate = {},
  samples = false,
  modelCalls,
  costUsd = null,
}: ForkOptions): ForkSeal => ({
  real: [...new Set(real)],
  reads,
  simulate: { ...simulate },
  samples,
  modelCalls: modelCalls === undefined ? DEFAULT_MODEL_CALLS : modelCalls,
  costMicroUsd: costUsd === null ? null : Math.round(costUsd * 1_000_000),
})

export const changesOf = ({ instructions, model, results, message, agentVersion }: ForkOptions): ForkChanges =>
  present({ instructions, model, agentVersion, results: results && { ...results }, message: message && sha256(message) })
