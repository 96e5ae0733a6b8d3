import type { SubscribeOptions, SubscriptionItem } from '../event-log.ts'
import type { ResolvedEvent } from './client.ts'
import { positionNumber, recordedIn, toStored } from './events.ts'
import { fits } from './filter.ts'

/** Marks are revisions where a stream is given, else positions. */
export interface Progress {
  /** Of the last event that was received. */
  handled: number | undefined
  /** So far the server has looked, without finding anything further that passes the filter. */
  considered: number | undefined
  hasCaughtUp: boolean
}

/** What comes next begins behind it. */
export const placeOf = ({ handled, considered }: Progress): number | undefined => {
  const place = Math.max(handled ?? -1, considered ?? -1)
  return place < 0 ? undefined : place
}

export const caughtUp = (progress: Progress): SubscriptionItem => {
  progress.hasCaughtUp = true
  return { kind: 'caughtUp' }
}

/** The server has looked so far, which is said of the whole log only. */
export function* passed(position: number, progress: Progress): Generator<SubscriptionItem, void, undefined> {
  if (position <= (progress.considered ?? -1)) return
  progress.considered = position
  yield { kind: 'passed', position }
}

/** Nothing where it was received before or does not pass the filter. */
export function* taken(
  resolved: ResolvedEvent,
  { stream, filter }: Pick<SubscribeOptions, 'stream' | 'filter'>,
  progress: Progress,
  storedAtStepMs: number,
): Generator<SubscriptionItem, void, undefined> {
  const recorded = recordedIn(resolved)
  if (recorded === undefined) return
  const mark = stream === undefined ? positionNumber(recorded.position, recorded.streamId) : Number(recorded.revision)
  if (mark <= (progress.handled ?? -1)) return
  progress.handled = mark
  progress.considered = Math.max(mark, progress.considered ?? 0)
  if (fits(filter, recorded)) yield { kind: 'event', event: toStored(recorded, storedAtStepMs) }
}
