import type { EventLog, StoredEvent, SubscriptionItem } from '../eventlog/event-log.ts'
import { isAppError } from '../errors.ts'
import { streamOf } from '../events/codec.ts'
import { behindTheEnd, deletionEventTypes, finalEventTypes, mayBeReopened, type DataOf } from '../events/run-events.ts'
import { present } from '../present.ts'

export interface FollowOptions {
  /** The first revision, at most the one behind the newest event. */
  readonly from?: number | undefined
  readonly signal?: AbortSignal | undefined
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
  const after = from > 0 ? from - 1 : undefined
  const end = untilTheEnd(after !== undefined && (await hasEnded(log, runId, after)))
  for await (const item of log.subscribe({ stream: streamOf(runId), ...present({ after, signal }) })) {
    if (item.kind === 'event') yield item.event
    if (end.isReachedBy(item)) return
  }
}

interface End {
  isReachedBy(item: SubscriptionItem): boolean
}

const untilTheEnd = (hadEnded: boolean): End => {
  let isOver = hadEnded
  let isLive = false
  return {
    isReachedBy(item) {
      if (item.kind === 'caughtUp') isLive = true
      if (item.kind !== 'event') return isLive && isOver
      isOver = isLast(item.event) || (isOver && behindTheEnd.has(item.event.type))
      return isLast(item.event) && (isLive || !isReopenable(item.event))
    },
  }
}

/** Whether a run has ended, as of its newest event or of a revision. */
export const hasEnded = async (log: Pick<EventLog, 'readStream'>, runId: string, revision?: number): Promise<boolean> => {
  const from = revision === undefined ? {} : { from: revision }
  try {
    for await (const event of log.readStream(streamOf(runId), { direction: 'backwards', ...from })) {
      if (!behindTheEnd.has(event.type)) return isLast(event)
    }
  } catch (error) {
    if (!isAppError(error, 'StreamNotFound')) throw error
  }
  return false
}

const isLast = ({ type }: StoredEvent): boolean => finalEventTypes.has(type) || deletionEventTypes.has(type)

const isReopenable = ({ type, data }: StoredEvent): boolean => {
  if (type !== 'RunFailed') return false
  try {
    return mayBeReopened({ type, data: JSON.parse(data) as DataOf<'RunFailed'> })
  } catch {
    return false
  }
}
