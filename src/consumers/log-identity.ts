import { isAppError } from '../errors.ts'
import type { EventLog, NewEvent, StoredEvent } from '../eventlog/event-log.ts'
import { sha256 } from '../hash.ts'
import { z } from 'zod'
import { present } from '../present.ts'

/** Tells one log from another, and from a copy of itself that has gone another way. */
export interface LogIdentity {
  /** What checkpoints call the log: another name after each restore. '' where the log is empty. */
  readonly id: string
  /** Id of the first event in the stream `refold.log`: the same for a log and its copies. */
  readonly root: string
  /** Id of the first event that the log held when it got its identity: older checkpoints name the log by it. */
  readonly formerly: string
  /** As they were recorded, the oldest first. */
  readonly restores: readonly Restore[]
  /** Of the newest event of the stream; -1 where there is none. */
  readonly revision: number
}

/** Belongs to no run, so that no deletion, retention or scavenging of runs takes it away. */
export const IDENTITY_STREAM = 'refold.log'

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
    return { ...known, id, root: id, revision: 0 }
  } catch (error) {
    // It follows from the log itself: what cannot be written now is written by whoever asks next.
    if (isAppError(error, 'EventLogUnavailable') || isDenied(error)) return { ...known, id, root: id }
    if (!isAppError(error, 'EventLogConflict')) throw error
    return identityOf(log)
  }
}

/** Whoever may only look leaves it to the others. */
const isDenied = (error: unknown): boolean => isAppError(error, 'InvalidConfiguration') && error.details['right'] !== undefined

/** The same, but nothing is written: a log without an identity has an empty `id`. */
export const identityOf = async (log: EventLog): Promise<LogIdentity> => {
  const restores: Restore[] = []
  let identity: Pick<LogIdentity, 'root' | 'formerly' | 'revision'> | undefined
  try {
    for await (const event of log.readStream(IDENTITY_STREAM)) {
      const { id, data, revision } = event
      identity = identity === undefined ? { root: id, formerly: formerlyIn(data), revision } : { ...identity, revision }
      const restore = readRestore(event)
      if (restore !== undefined) restores.push(restore)
    }
  } catch (error) {
    if (!isAppError(error, 'StreamNotFound')) throw error
  }
  if (identity !== undefined) return { ...identity, id: nameOf(identity.root, restores), restores }
  for await (const first of log.readAll({ limit: 1 })) return { ...NONE, formerly: first.id }
  return NONE
}

const NONE: LogIdentity = { id: '', root: '', formerly: '', restores: [], revision: -1 }

const nameOf = (root: string, restores: readonly Restore[]): string => [root, ...restores.slice(-1).map(({ id }) => id)].join('+')

/** Whether a checkpoint that names its log so is one of this log as it is now. */
export const isNamed = ({ id, formerly, restores }: LogIdentity, name: string): boolean =>
  name !== '' && (name === id || (restores.length === 0 && name === formerly))

/** Whether it is one of this log before one of its restores. */
export const wasNamed = ({ root, formerly, restores }: LogIdentity, name: string): boolean =>
  name !== '' &&
  [formerly, root, ...restores.map(({ instead }) => instead), ...restores.slice(0, -1).map(({ id }) => `${root}+${id}`)].includes(name)

/** Those that were recorded since the log had this name. */
export const restoresSince = ({ root, restores }: LogIdentity, name: string): readonly Restore[] => {
  const named = restores.findIndex(({ id, instead }) => `${root}+${id}` === name || instead === name)
  const isInstead = restores[named]?.instead === name
  return restores.slice(isInstead ? named : named + 1)
}

/** Whether it is one of a copy of this log, which may know of restores that this one does not hold. */
export const isOfSameRoot = ({ root }: LogIdentity, name: string): boolean => root !== '' && name.split('+')[0] === root

const formerlyIn = (data: string): string => {
  const { formerly } = JSON.parse(data) as { readonly formerly?: unknown }
  return typeof formerly === 'string' ? formerly : ''
}

/** Version 8: its bits are those of a hash. */
export const uuidFrom = (text: string): string => {
  const digits = sha256(`${IDENTITY_STREAM} ${text}`)
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-8${digits.slice(13, 16)}-8${digits.slice(17, 20)}-${digits.slice(20, 32)}`
}

/** An older copy of the log was restored: what it lacks may have happened all the same. */
export interface Restore {
  /** Of the event that records it. */
  readonly id: string
  /** Of that event: whatever lies before it was in the copy, or was done before anybody knew. */
  readonly position: number
  /** When it was recorded, ms since the epoch. */
  readonly at: number
  /** Where the log ended then. */
  readonly head: number
  /** What the log was called by who knew more of it. */
  readonly instead?: string
  /** Who has told it; undefined where a process has found it out. */
  readonly by?: string
  /** Runs of which more was known than the log holds, as far as somebody knew: their newest revisions. */
  readonly lostRuns: ReadonlyMap<string, number>
}

export const RESTORED_TYPE = 'LogRestored'
/** So many are named. */
export const MOST_LOST_RUNS = 1_000

const shape = z.object({
  head: z.number(),
  instead: z.string().optional(),
  by: z.string().optional(),
  lostRuns: z.array(z.tuple([z.string(), z.number()])),
})

/** Undefined for another event of the stream. Throws for one that nobody of us has written. */
const readRestore = ({ id, type, position, storedAt, data }: StoredEvent): Restore | undefined => {
  if (type !== RESTORED_TYPE) return undefined
  const { head, lostRuns, by, instead } = shape.parse(JSON.parse(data))
  return { id, position, at: storedAt, head, lostRuns: new Map(lostRuns), ...present({ by, instead }) }
}

export const restoreText = ({ head, by, instead, lostRuns }: Omit<Restore, 'id' | 'position' | 'at'>): string =>
  JSON.stringify({ head, instead, by, lostRuns: [...lostRuns].slice(0, MOST_LOST_RUNS) })
