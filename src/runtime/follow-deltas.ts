import { isAppError } from '../errors.ts'
import type { RecordedRunEvent } from '../events/envelope.ts'
import { textOf } from '../events/message.ts'
import { createDeltaQueue, type DeltaQueue } from './delta-queue.ts'
import type { Delta, Deltas } from './deltas.ts'

export interface FollowedRun {
  readonly runId: string
  /** Whether answers are checked before anybody may see them. */
  readonly holdsBack: () => Promise<boolean>
  /** What is recorded from now on; ends with the run. */
  readonly events: (signal: AbortSignal) => AsyncIterable<RecordedRunEvent>
  readonly signal?: AbortSignal
}

/**
 * Text as it is written. An answer that is checked first comes in one piece once it is accepted, as the guardrails left it. Begins with the
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
      stop(isAppError(failure, 'Closed') || stopping.signal.aborted ? undefined : failure)
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
  const holdsBack = await run.holdsBack()
  let held: { readonly callId: string; readonly attempt: number; readonly text: string } | undefined
  for await (const event of run.events(signal)) {
    if (event.type === 'ModelCallSucceeded') {
      const { callId, attempt, parts } = event.data
      held = { callId, attempt, text: textOf(parts) }
    } else if (event.type === 'OutputAccepted' && holdsBack && held !== undefined) {
      const text = event.data.text ?? held.text
      if (text !== '') queue.push({ ...held, text })
    }
  }
}
