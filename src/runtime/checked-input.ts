import { z } from 'zod'
import { AppError, attempted } from '../errors.ts'
import { commandShapes, deletionShape } from '../events/command-shapes.ts'
import { comparable, isComparable } from '../events/comparable.ts'
import { incomingJson } from '../events/message.ts'
import { metadata } from '../events/metadata.ts'
import { tags } from '../events/tags.ts'
import type { Command } from '../fold/decide.ts'
import { boundedJson, deepFrozen, type Json } from '../json.ts'
import { sealedStartShape } from './seal-options.ts'
import { nearestOf, issueWords } from '../known-options.ts'
import { beginning, shown } from '../text.ts'

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
  data: incomingJson.optional(),
  input: incomingJson.optional(),
  context: incomingJson.optional(),
  tags: tags.optional(),
  metadata: metadata.optional(),
  tenant: comparable.min(1).max(LONGEST_NAME).optional(),
  sealed: sealedStartShape.optional(),
})

const commandOrigin = z.strictObject(origin)

/** Throws `InvalidInput` for what is no command, with the place. Programs without types, and options that nobody reads, end here. */
export const checkCommand = ({ type, ...fields }: Command): void => {
  const shape = Object.hasOwn(commandShapes, type) ? commandShapes[type] : undefined
  if (shape === undefined) throw new AppError('InvalidInput', `Expected a command, found ${shown(type)}`)
  check(`the command ${type}`, z.strictObject(shape), fields)
}

export const checkOrigin = (given: CommandOrigin): void => {
  check('the origin of a command', commandOrigin, given)
}

export const checkStart = (given: object): void => {
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

/** What is wrong with options, by place; of a name that is none of theirs, with what may have been meant. */
export const problemsOf = (schema: z.ZodObject, { issues }: z.ZodError): readonly string[] =>
  issues.slice(0, MOST_PROBLEMS).map((issue) => {
    const { path } = issue
    const message = issueWords(issue)
    const isName = issue.code === 'unrecognized_keys' && path.length === 0
    const meant = isName ? `: ${nearestOf(issue.keys[0] ?? '', Object.keys(schema.shape))}` : ''
    return `${beginning(path.length === 0 ? message : `${path.join('.')}: ${message}`, LONGEST_PROBLEM)}${meant}`
  })

const check = (what: string, schema: z.ZodObject, value: unknown): void => {
  const checked = schema.safeParse(value)
  if (checked.success) return
  const problems = problemsOf(schema, checked.error)
  throw new AppError('InvalidInput', `Expected ${what} as it is documented, found this: ${problems.join('; ')}`, { details: { problems } })
}

/** Who asked for what the batch grants. */
export interface CommandOrigin {
  readonly commandId?: string | undefined
  readonly actor?: string | undefined
  readonly traceparent?: string | undefined
}

const RUN_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/

export const checkRunId = (runId: string): string => {
  if (!RUN_ID.test(runId)) throw new AppError('InvalidInput', `Expected a run id of letters, digits, ., _ and -, found ${shown(runId)}`)
  return runId
}

/** UTF-8 bytes. */
const LARGEST_MESSAGE = 1024 * 1024

export const checkData = (message: unknown, data: Json | undefined): void => {
  if (message === undefined && data !== undefined)
    throw new AppError('InvalidInput', 'Expected a message with its data, found the data alone')
}

export const checkMessage = (message: string): void => {
  const bytes = Buffer.byteLength(message)
  if (message.trim() === '') throw new AppError('InvalidInput', 'Expected a message, found an empty one')
  if (bytes > LARGEST_MESSAGE) throw new AppError('TooLarge', `Expected a message of ${LARGEST_MESSAGE} bytes at most, found ${bytes}`)
}

// What somebody may ask of a run without a command. All throw `InvalidInput`. Programs without types end here.

/** A text that may be the id of a run: whether there is such a run shows at its first use. */
export const checkIdOfRun = (runId: unknown): void => {
  if (typeof runId === 'string' && isComparable(runId)) return
  throw new AppError('InvalidInput', `Expected the id of a run as a text, found ${shown(runId)}`)
}

export const checkRevision = (revision: unknown): void => {
  if (isRevision(revision)) return
  throw new AppError('InvalidInput', `Expected a revision 0, 1, 2 …, found ${shown(revision)}`)
}

const isRevision = (value: unknown): boolean => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

interface Waiting {
  readonly from?: number | undefined
  readonly signal?: AbortSignal | undefined
}

const WAITING: readonly string[] = ['from', 'signal'] satisfies readonly (keyof Waiting)[]

/** From where, and for how long, somebody follows a run. */
export const checkedWaiting = <Options extends Waiting>(given: Options | undefined): Options | undefined => {
  if (given === undefined) return undefined
  const options = readOptions(given, 'options as an object')
  const other = Object.keys(options).find((name) => !WAITING.includes(name))
  if (other !== undefined) throw new AppError('InvalidInput', `Expected options, found ${shown(other)}: ${nearestOf(other, WAITING)}`)
  const { from, signal }: { readonly from?: unknown; readonly signal?: unknown } = options
  if (from !== undefined) checkRevision(from)
  if (signal === undefined || signal instanceof AbortSignal) return options
  throw new AppError('InvalidInput', `Expected the signal to be an AbortSignal, found ${shown(signal)}`)
}

/** UTF-16 units. */
const LONGEST_VERSION = 200

export const checkVersion = (version: unknown): void => {
  if (typeof version === 'string' && version !== '' && version.length <= LONGEST_VERSION) return
  const length = typeof version === 'string' ? ` of ${version.length} characters` : ''
  throw new AppError('InvalidInput', `Expected a version of 1 to ${LONGEST_VERSION} characters, found ${shown(version)}${length}`)
}

/** UTF-8 bytes of the JSON of one command. */
const MAX_COMMAND_BYTES = 16 * 1024 * 1024

/**
 * What a caller asks for, as it is now: a command waits for its turn, and what the caller makes of its own object meanwhile is another command.
 * Throws `InvalidInput`, with the path, for what JSON cannot carry, or more of it than can be recorded.
 */
export const handedIn = <Given>(given: Given): Given => deepFrozen(boundedJson(given, { maxBytes: MAX_COMMAND_BYTES })) as Given
