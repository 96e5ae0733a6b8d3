import { z } from 'zod'
import { AppError } from '../../errors.ts'
import { comparable } from '../../events/comparable.ts'
import type { ForkChanges } from '../../events/fork.ts'
import { sha256 } from '../../hash.ts'
import type { Json } from '../../json.ts'
import { present } from '../../present.ts'
import { checkMessage, checkRunId, handedIn, problemsOf, readOptions } from '../checked-input.ts'
import { modelName, nameInSeal as name, sealShape, simulatedValues, type SealOptions } from '../seal-options.ts'

/** From where a run is forked, what is otherwise in it, and what it may do. What is not named reaches nothing outside. */
export interface ForkOptions extends SealOptions {
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
  /**
   * Begins as that version begins its runs, with its models, limits and all other settings: where nothing but a message has come in.
   * Otherwise the settings of the origin stay.
   */
  readonly anew?: boolean | undefined
  /** Whether what the origin has recorded behind `at` answers it; true by default. */
  readonly recorded?: boolean | undefined
}

const LONGEST_INSTRUCTIONS = 1024 * 1024

/** Of the same words over HTTP. */
export const forkShape = {
  at: z.int().nonnegative(),
  note: comparable.max(2_000).optional(),
  message: z.string().min(1).optional(),
  results: simulatedValues.optional(),
  instructions: z.string().max(LONGEST_INSTRUCTIONS).optional(),
  model: modelName.optional(),
  agentVersion: name.optional(),
  anew: z.boolean().optional(),
  recorded: z.boolean().optional(),
  ...sealShape,
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

export const changesOf = ({ instructions, model, results, message, agentVersion }: ForkOptions): ForkChanges =>
  present({ instructions, model, agentVersion, results: results && { ...results }, message: message && sha256(message) })
