import { isAppError } from '../../errors.ts'
import type { EventLog, StoredEvent, SubscriptionItem } from '../../eventlog/event-log.ts'
import { streamOf } from '../../events/codec.ts'
import type { RecordedRunEvent } from '../../events/envelope.ts'
import { textsOf } from '../../events/content.ts'
import { textOf } from '../../events/message.ts'
import { behindTheEnd, deletionEventTypes, finalEventTypes, mayBeReopened, type DataOf } from '../../events/run-events.ts'
import type { RunState } from '../../fold/run-state.ts'
import { present } from '../../present.ts'
import { isWithoutCode } from '../code/code-errors.ts'
import { createDeltaQueue, type DeltaQueue, type Delta, type Deltas } from '../deltas.ts'

export interface FollowOptions {
  /** The first revision, at most the one behind the newest event. */
  readonly from?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * The stored events of one run and what follows them live; ends with the run or the signal. What became of a call, and what somebody makes of the run, may be
 * recorded behind its end: that is given to whoever begins there, and keeps nobody waiting. A run that was failed for a defect of its agent's code has not ended
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

export interface FollowedRun {
  readonly runId: string
  /** Where it stands; undefined before it begins. */
  readonly current: () => Promise<RunState | undefined>
  /** What is recorded from a revision on; ends with the run. */
  readonly events: (from: number, signal: AbortSignal) => AsyncIterable<RecordedRunEvent>
  readonly signal?: AbortSignal
}

/**
 * Text as it is written, also of a run that is still to begin. An answer that is checked first comes in one piece once it is accepted, as the guardrails left it. Begins with the
 * first `next`, and ends with the run, the signal, `return` (also while `next` waits) and the closing of this Refold.
 */
export const followDeltas = (deltas: Deltas, run: FollowedRun): AsyncIterableIterator<Delta, undefined> => {
  const queue = createDeltaQueue()
  const stopping = new AbortController()
  let unsubscribe: (() => void) | undefined
  const stop = (failure?: unknown): void => {
    unsubscribe?.()
    run.signal?.removeEventListener('abort', giveUp)
    queue.end(failure)
    stopping.abort()
  }
  const giveUp = (): void => stop()
  const start = (): void => {
    unsubscribe = () => undefined
    if (run.signal?.aborted === true) return stop()
    run.signal?.addEventListener('abort', giveUp, { once: true })
    unsubscribe = deltas.subscribe(run.runId, { receive: (delta) => queue.push(delta), end: giveUp })
    giveAccepted(run, queue, stopping.signal).then(giveUp, (failure: unknown) => {
      // Of a run whose code is not here nothing is written here.
      stop(isAppError(failure, 'Closed') || isWithoutCode(failure) || stopping.signal.aborted ? undefined : failure)
    })
  }
  return {
    [Symbol.asyncIterator]() {
      return this
    },
    next() {
      if (unsubscribe === undefined) start()
      return queue.next()
    },
    return() {
      unsubscribe ??= () => undefined
      stop()
      return Promise.resolve({ done: true, value: undefined })
    },
  }
}

/** Resolves with the last event of the run. */
const giveAccepted = async (run: FollowedRun, queue: DeltaQueue, signal: AbortSignal): Promise<void> => {
  const state = await run.current()
  if (state !== undefined && state.status !== 'active') return
  const taken = acceptedText(state?.started.settings.checksOutput === true)
  for await (const event of run.events((state?.revision ?? -1) + 1, signal)) {
    const accepted = taken(event)
    if (accepted !== undefined) queue.push(accepted)
  }
}

/** What each event in turn lets through of the answers that were held back. */
const acceptedText = (holdsFromTheStart: boolean): ((event: RecordedRunEvent) => Delta | undefined) => {
  let holdsBack = holdsFromTheStart
  let held = { callId: '', attempt: 1, text: '' }
  return (event) => {
    switch (event.type) {
      case 'RunStarted':
        holdsBack = event.data.settings.checksOutput
        return undefined
      case 'ModelCallSucceeded':
        held = { callId: event.data.callId, attempt: event.data.attempt, text: textOf(event.data.parts) }
        return undefined
      case 'OutputAccepted': {
        const { parts } = event.data
        const text = parts === undefined ? held.text : textsOf(parts)
        return holdsBack && held.callId !== '' && text !== '' ? { ...held, text } : undefined
      }
      case 'TurnCompleted':
        // Last words under a limit were checked before they were recorded.
        return holdsBack && event.data.outcome === 'wrappedUp' && held.text !== '' ? held : undefined
      default:
        return undefined
    }
  }
}
