import { z } from 'zod'
import { AppError, isAppError } from '../../errors.ts'
import type { EventLog } from '../../eventlog/event-log.ts'
import { present } from '../../present.ts'

// Who grows the datasets of a log, until when, stands in the log itself: of all its processes one does at a time.

/** Of no run, as `refold.log`. */
export const DATASETS_STREAM = 'refold.datasets'

export interface GrowerClaim {
  /** Of the newest event of the stream; -1 where there is none. */
  readonly revision: number
  readonly owner?: string
  /** ms since the epoch. */
  readonly until: number
}

const shape = z.object({ owner: z.string().optional(), until: z.int().nonnegative() })

const NOBODY: GrowerClaim = { revision: -1, until: 0 }

/** Rejects with what the log says, and with `EventLogCorrupt` for what no grower has written. */
export const readGrowerClaim = async (log: Pick<EventLog, 'readStream'>): Promise<GrowerClaim> => {
  try {
    for await (const { revision, data } of log.readStream(DATASETS_STREAM, { direction: 'backwards', limit: 1 }))
      return { revision, ...present(parsed(data)) }
  } catch (error) {
    if (!isAppError(error, 'StreamNotFound')) throw error
  }
  return NOBODY
}

const parsed = (data: string): z.infer<typeof shape> => {
  try {
    return shape.parse(JSON.parse(data))
  } catch (cause) {
    throw new AppError('EventLogCorrupt', `Expected {"until"} in ${DATASETS_STREAM}, found something else`, { cause })
  }
}

export interface ClaimParts {
  readonly log: Pick<EventLog, 'append' | 'truncateStream'>
  readonly uuid: () => string
}

/** So many events of the stream are kept at least. */
const KEPT = 64

/** The claim after it was written, or undefined where somebody else was faster. */
export const writeGrowerClaim = async (
  { log, uuid }: ClaimParts,
  before: GrowerClaim,
  { owner, until }: Omit<GrowerClaim, 'revision'>,
): Promise<GrowerClaim | undefined> => {
  const event = { id: uuid(), type: 'DatasetsClaimed', data: JSON.stringify({ owner, until }), meta: '{}' }
  try {
    const { revision } = await log.append(DATASETS_STREAM, before.revision < 0 ? 'no-stream' : before.revision, [event])
    if (revision % KEPT === 0) await log.truncateStream(DATASETS_STREAM, revision).catch(() => undefined)
    return { revision, until, ...present({ owner }) }
  } catch (error) {
    if (isAppError(error, 'EventLogConflict')) return undefined
    throw error
  }
}
