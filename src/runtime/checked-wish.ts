import { z } from 'zod'
import { AppError, attempted } from '../errors.ts'
import { commandShapes } from '../events/command-shapes.ts'
import { incomingJson } from '../events/message.ts'
import { tags } from '../events/tags.ts'
import type { Command } from '../fold/decide.ts'
import type { WishOrigin } from './batch.ts'
import type { StartOptions } from './start-run.ts'

const LONGEST_ID = 1_000
const LONGEST_NAME = 200

const origin = {
  commandId: z.string().min(1).max(LONGEST_ID).optional(),
  actor: z.string().max(LONGEST_NAME).optional(),
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
  tenant: z.string().min(1).max(LONGEST_NAME).optional(),
})

const wishOrigin = z.strictObject(origin)

/** Throws `InvalidInput` for what is no command, with the place. Programs without types, and options that nobody reads, end here. */
export const checkCommand = ({ type, ...fields }: Command): void => {
  const shape = Object.hasOwn(commandShapes, type) ? commandShapes[type] : undefined
  if (shape === undefined) throw new AppError('InvalidInput', `Expected a command, found ${JSON.stringify(type)}`)
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

const check = (what: string, schema: z.ZodType, value: unknown): void => {
  const checked = schema.safeParse(value)
  if (checked.success) return
  const problems = checked.error.issues.map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
  throw new AppError('InvalidInput', `Expected ${what} as it is documented, found this: ${problems.join('; ')}`, { details: { problems } })
}
