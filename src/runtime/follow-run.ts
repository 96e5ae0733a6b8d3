import type { EventLog, StoredEvent } from '../eventlog/event-log.ts'
import { isAppError } from '../errors.ts'
import { streamOf } from '../events/codec.ts'
import { deletionEventTypes, finalEventTypes, mayBeReopened, type RunFact } from '../events/run-events.ts'

export interface FollowOptions {
  /** The first revision, at most the one behind the newest event. */
  readonly from?: number
  readonly signal?: AbortSignal
}

/**
 * The stored events of one run and what follows them live; ends with the run or the signal. What became of a call may be recorded behind the end of its run:
 * that is given to whoever begins there, and keeps nobody waiting. A run that was failed for a defect of its agent's code has not ended
 * while more is recorded of it.
 */
export async function* followRun(
  log: Pick<EventLog, 'subscribe' | 'readStream'>,
  runId: string,
  { from = 0, signal }: FollowOptions = {},
): AsyncGenerator<StoredEvent> {
  let isOver = from > 0 && (await hasEnded(log, runId, from - 1))
  let isLive = false
  const after = from > 0 ? { after: from - 1 } : {}
  for await (const item of log.subscribe({ stream: streamOf(runId), ...after, ...(signal === undefined ? {} : { signal }) })) {
    if (item.kind === 'caughtUp') {
      if (isOver) return
      isLive = true
    }
    if (item.kind !== 'event') continue
    const { event } = item
    yield event
    if (isWordOnCall(event)) continue
    isOver = isLast(event)
    if (isOver && (isLive || !isReopenable(event))) return
  }
}

/** Whether a run has ended, as of its newest event or of a revision. */
export const hasEnded = async (log: Pick<EventLog, 'readStream'>, runId: string, revision?: number): Promise<boolean> => {
  const from = revision === undefined ? {} : { from: revision }
  try {
    for await (const event of log.readStream(streamOf(runId), { direction: 'backwards', ...from })) {
      if (!isWordOnCall(event)) return isLast(event)
    }
  } catch (error) {
    if (!isAppError(error, 'StreamNotFound')) throw error
  }
  return false
}

/** It may come when its run is over, and ends nothing. */
const isWordOnCall = ({ type }: StoredEvent): boolean => type === 'ToolCallCorrected'

const isLast = ({ type }: StoredEvent): boolean => finalEventTypes.has(type) || deletionEventTypes.has(type)

const isReopenable = ({ type, data }: StoredEvent): boolean => {
  if (type !== 'RunFailed') return false
  try {
    return mayBeReopened({ type, data: JSON.parse(data) } as RunFact)
  } catch {
    return false
  }
}
