import { createHmac, randomBytes, randomUUID } from 'node:crypto'
import { AppError, isAppError } from '../errors.ts'
import type { EventLog } from '../eventlog/event-log.ts'
import { checkRunId } from '../runtime/checked-input.ts'
import type { Access } from './api-keys.ts'

/** Ids of the runs that callers begin: the same on every process of one log, and told by nothing but that log. */
export interface StartIds {
  /** Of an idempotency key. */
  ofKey(access: Pick<Access, 'tenant'>, key: string): Promise<string>
  /** Of an id that the caller has chosen: as it is, or behind it what makes it the tenant's, so that it meets no run of another. */
  ofChosen(access: Pick<Access, 'tenant'>, runId: string): Promise<string>
}

/** One stream of the log, beside those of runs. It holds one event, and whoever came first has written it. */
const STREAM = 'refold.idempotency'
const TYPE = 'IdempotencySecretMade'
const SECRET_BYTES = 32

/** The log is asked for its secret once. */
export const startIds = (log: EventLog): StartIds => {
  let secret: Promise<string> | undefined
  const known = (): Promise<string> => {
    secret ??= readOrMake(log).catch((error: unknown) => {
      secret = undefined
      throw error
    })
    return secret
  }
  const digest = async (text: string): Promise<string> =>
    createHmac('sha256', await known())
      .update(text)
      .digest('hex')
  return {
    ofKey: async ({ tenant = '' }, key) => uuidOf(await digest(`${tenant}\n${key}`)),
    ofChosen: async ({ tenant }, runId) => {
      if (tenant === undefined) return runId
      checkRunId(runId)
      if (runId.length > LONGEST_CHOSEN)
        throw new AppError('InvalidInput', `Expected a run id of ${LONGEST_CHOSEN} characters at most, found ${runId.length}`)
      return `${runId}.${(await digest(`${tenant}\nrun\n${runId}`)).slice(0, SUFFIX)}`
    },
  }
}

/** Hexadecimal digits. */
const SUFFIX = 16
const LONGEST_CHOSEN = 150

/** A UUID of version 8, which RFC 9562 leaves to whoever makes it. */
const uuidOf = (hex: string): string =>
  [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-')

const readOrMake = async (log: EventLog): Promise<string> => (await read(log)) ?? (await make(log)) ?? (await mustRead(log))

const read = async (log: EventLog): Promise<string | undefined> => {
  try {
    for await (const { data } of log.readStream(STREAM, { limit: 1 })) return (JSON.parse(data) as { readonly secret: string }).secret
    return undefined
  } catch (error) {
    if (isAppError(error, 'StreamNotFound')) return undefined
    throw error
  }
}

/** Undefined where another process was faster. */
const make = async (log: EventLog): Promise<string | undefined> => {
  const secret = randomBytes(SECRET_BYTES).toString('hex')
  try {
    await log.append(STREAM, 'no-stream', [{ id: randomUUID(), type: TYPE, data: JSON.stringify({ secret }), meta: '{}' }])
    return secret
  } catch (error) {
    if (isAppError(error, 'EventLogConflict')) return undefined
    throw error
  }
}

const mustRead = async (log: EventLog): Promise<string> => {
  const secret = await read(log)
  if (secret === undefined) throw new Error(`the stream ${STREAM} is there, and holds nothing`)
  return secret
}
