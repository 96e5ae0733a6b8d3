import { isAppError } from '../errors.ts'
import type { EventLog, NewEvent } from '../eventlog/event-log.ts'
import { sha256 } from '../hash.ts'

/** Tells one log from another. */
export interface LogIdentity {
  /** Id of the event in the stream `refold.log`; '' where the log is empty. */
  readonly id: string
  /** Id of the first event that the log held when it got its identity: older checkpoints name the log by it. */
  readonly formerly: string
}

/** Belongs to no run, so that no deletion, retention or scavenging of runs takes it away. */
const IDENTITY_STREAM = 'refold.log'

/**
 * The identity of the log, which is written here where it has none yet. It follows from the first event of the log, so that processes that
 * write it at once write the same. Rejects with what the log says.
 */
export const identify = async (log: EventLog): Promise<LogIdentity> => {
  const known = await identityOf(log)
  if (known.id !== '' || known.formerly === '') return known
  const id = uuidFrom(known.formerly)
  const event: NewEvent = { id, type: 'LogIdentified', data: JSON.stringify({ formerly: known.formerly }), meta: '{}' }
  try {
    await log.append(IDENTITY_STREAM, 'no-stream', [event])
    return { ...known, id }
  } catch (error) {
    // It follows from the log itself: what cannot be written now is written by whoever asks next.
    if (isAppError(error, 'EventLogUnavailable')) return { ...known, id }
    if (!isAppError(error, 'EventLogConflict')) throw error
    return identityOf(log)
  }
}

/** The same, but nothing is written: a log without an identity has an empty `id`. */
const identityOf = async (log: EventLog): Promise<LogIdentity> => {
  try {
    for await (const { id, data } of log.readStream(IDENTITY_STREAM, { limit: 1 })) return { id, formerly: formerlyIn(data) }
  } catch (error) {
    if (!isAppError(error, 'StreamNotFound')) throw error
  }
  for await (const first of log.readAll({ limit: 1 })) return { id: '', formerly: first.id }
  return { id: '', formerly: '' }
}

/** Whether a checkpoint that names its log so is one of this log. */
export const isNamed = ({ id, formerly }: LogIdentity, name: string): boolean => name !== '' && (name === id || name === formerly)

const formerlyIn = (data: string): string => {
  const { formerly } = JSON.parse(data) as { readonly formerly?: unknown }
  return typeof formerly === 'string' ? formerly : ''
}

/** Version 8: its bits are those of a hash. */
const uuidFrom = (text: string): string => {
  const digits = sha256(`${IDENTITY_STREAM} ${text}`)
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-8${digits.slice(13, 16)}-8${digits.slice(17, 20)}-${digits.slice(20, 32)}`
}
