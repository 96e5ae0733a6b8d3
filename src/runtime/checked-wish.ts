import { z } from 'zod'
import { beginning, shown } from '../text.ts'
import { AppError, attempted } from '../errors.ts'
import { comparable } from '../events/comparable.ts'
import { commandShapes, deletionShape } from '../events/command-shapes.ts'
import { incomingJson } from '../events/message.ts'
import { tags } from '../events/tags.ts'
import type { Command } from '../fold/decide.ts'
import type { WishOrigin } from './batch.ts'
import type { StartOptions } from './start-run.ts'

const LONGEST_ID = 1_000
const LONGEST_NAME = 200

const origin = {
  commandId: comparable.min(1).max(LONGEST_ID).optional(),
  actor: comparable.max(LONGEST_NAME).optional(),
  traceparent: z.string().optional(),
}

const startOptions = z.strictObject({
  ...origin,
  runId: z.string().optional(),
  message: z.string().optional(),
  data: incomingJson.optional(),
  input: incomingJson.optional(),
  context: incomingJson.optional(),
  tags: tags.optional(),
  tenant: comparable.min(1).max(LONGEST_NAME).optional(),
})

const wishOrigin = z.strictObject(origin)

/** Throws `InvalidInput` for what is no command, with the place. Programs without types, and options that nobody reads, end here. */
export const checkCommand = ({ type, ...fields }: Command): void => {
  const shape = Object.hasOwn(commandShapes, type) ? commandShapes[type] : undefined
  if (shape === undefined) throw new AppError('InvalidInput', `Expected a command, found ${shown(type)}`)
  check(`the command ${type}`, z.strictObject(shape), fields)
}

export const checkOrigin = (given: WishOrigin): void => {
  check('the origin of a command', wishOrigin, given)
}

export const checkStart = (given: StartOptions): void => {
  // Zod reads a record without it.
  if (Object.hasOwn(given.tags ?? {}, '__proto__')) throw new AppError('InvalidInput', 'Expected tags, found one called __proto__')
  check('the options of a start', startOptions, given)
}

const { by, note } = commandShapes.giveBack
const givingBack = z.strictObject({
  by,
  note,
  limits: z.looseObject({}).optional(),
  agent: comparable.optional(),
  tenant: comparable.optional(),
  reason: comparable.optional(),
  dryRun: z.boolean().optional(),
  limit: z.number().optional(),
  cursor: z.string().optional(),
})

export const checkGivingBack = (given: object): void => {
  check('whose runs are given back, and by whom,', givingBack, given)
}

const deletion = z.strictObject(deletionShape)

export const checkDeletion = (given: object): void => {
  check('who deletes the run, and why,', deletion, given)
}

/** The options as they are now. Throws `InvalidInput` where they are no object at all, or one that cannot be read. */
export const readOptions = <Options extends object>(given: Options, expected: string): Options => {
  if (!isObject(given)) throw new AppError('InvalidInput', `Expected ${expected}, found ${given === null ? 'null' : `a ${typeof given}`}`)
  const read = attempted(
    () => ({ ...given }),
    (options) => options as Options,
  )
  if (read.ok) return read.value
  throw new AppError('InvalidInput', `Expected ${expected}, found what cannot be read: ${read.problem}`)
}

const isObject = (given: unknown): given is object => typeof given === 'object' && given !== null

const MOST_PROBLEMS = 20
const LONGEST_PROBLEM = 500

const check = (what: string, schema: z.ZodType, value: unknown): void => {
  const checked = schema.safeParse(value)
  if (checked.success) return
  const problems = checked.error.issues
    .slice(0, MOST_PROBLEMS)
    .map(({ path, message }) => beginning(path.length === 0 ? message : `${path.join('.')}: ${message}`, LONGEST_PROBLEM))
  throw new AppError('InvalidInput', `Expected ${what} as it is documented, found this: ${problems.join('; ')}`, { details: { problems } })
}
