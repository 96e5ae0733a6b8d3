import { isAppError } from '../errors.ts'
import type { RecordedRunEvent } from '../events/envelope.ts'
import { textOf } from '../events/message.ts'
import type { RunState } from '../fold/run-state.ts'
import { createDeltaQueue, type DeltaQueue } from './delta-queue.ts'
import type { Delta, Deltas } from './deltas.ts'
import { isWithoutCode } from './unfolded-run.ts'

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
  const begin = (): void => {
    unsubscribe = () => undefined
    if (run.signal?.aborted === true) return stop()
    run.signal?.addEventListener('abort', giveUp, { once: true })
    unsubscribe = deltas.subscribe(run.runId, { take: (delta) => queue.push(delta), end: giveUp })
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
      if (unsubscribe === undefined) begin()
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
        const { text = held.text } = event.data
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
