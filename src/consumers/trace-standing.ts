import { z } from 'zod'
import { AppError, isAppError } from '../errors.ts'
import type { EventLog } from '../eventlog/event-log.ts'
import { present } from '../present.ts'

// How far the traces of a log are exported stands in the log itself: whoever restores an older copy has the place of that copy with it.

/** Of no run, as `refold.log`. */
export const TRACES_STREAM = 'refold.traces'

export interface TraceStanding {
  /** Of the newest event of the stream; -1 where there is none. */
  readonly revision: number
  /** All spans that had ended up to here are exported; 0 is none. */
  readonly position: number
  /** Who exports what follows, until when. */
  readonly claim?: { readonly owner: string; readonly until: number }
}

const shape = z.object({
  position: z.int().nonnegative(),
  claim: z.object({ owner: z.string(), until: z.int() }).optional(),
})

const NOWHERE: TraceStanding = { revision: -1, position: 0 }

/** Rejects with what the log says, and with `EventLogCorrupt` for what no tracer has written. */
export const readTraceStanding = async (log: Pick<EventLog, 'readStream'>): Promise<TraceStanding> => {
  try {
    for await (const { revision, data } of log.readStream(TRACES_STREAM, { direction: 'backwards', limit: 1 })) {
      const { position, claim } = parsed(data)
      return { revision, position, ...present({ claim }) }
    }
  } catch (error) {
    if (!isAppError(error, 'StreamNotFound')) throw error
  }
  return NOWHERE
}

const parsed = (data: string): z.infer<typeof shape> => {
  try {
    return shape.parse(JSON.parse(data))
  } catch (cause) {
    throw new AppError('EventLogCorrupt', `Expected {"position"} in ${TRACES_STREAM}, found something else`, { cause })
  }
}

export interface StandingParts {
  readonly log: Pick<EventLog, 'append' | 'truncateStream'>
  readonly uuid: () => string
}

/** So many events of the stream are kept at least. */
const KEPT = 64

/** The standing after it was written, or undefined where somebody else was faster. */
export const writeTraceStanding = async (
  { log, uuid }: StandingParts,
  before: TraceStanding,
  { position, claim }: Pick<TraceStanding, 'position' | 'claim'>,
): Promise<TraceStanding | undefined> => {
  const type = claim === undefined ? 'TracesExported' : 'TracesClaimed'
  const event = { id: uuid(), type, data: JSON.stringify({ position, claim }), meta: '{}' }
  try {
    const { revision } = await log.append(TRACES_STREAM, before.revision < 0 ? 'no-stream' : before.revision, [event])
    if (revision % KEPT === 0) await log.truncateStream(TRACES_STREAM, revision).catch(() => undefined)
    return { revision, position, ...present({ claim }) }
  } catch (error) {
    if (isAppError(error, 'EventLogConflict')) return undefined
    throw error
  }
}
