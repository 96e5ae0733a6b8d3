/** Text of an answer as it is written: the next piece of one attempt of a model call, or that what was given of it is void. */
export type Delta =
  | { readonly callId: string; readonly attempt: number; readonly text: string }
  /** The attempt failed, or its listener was too slow: the text comes anew, or stands in the event of the answer. */
  | { readonly callId: string; readonly attempt: number; readonly reset: true }

export interface DeltaListener {
  take(delta: Delta): void
  /** Nothing follows any more: this Refold is closed. */
  end(): void
}

/** Who writes and who listens, by run. A side channel within this process: nothing of it is kept. */
export interface Deltas {
  publish(runId: string, delta: Delta): void
  /** Returns how to stop it. */
  subscribe(runId: string, listener: DeltaListener): () => void
  close(): void
}

export const createDeltas = (): Deltas => {
  const listeners = new Map<string, Set<DeltaListener>>()
  let isClosed = false
  return {
    publish(runId, delta) {
      for (const listener of listeners.get(runId) ?? []) listener.take(delta)
    },
    subscribe(runId, listener) {
      if (isClosed) {
        listener.end()
        return () => undefined
      }
      const ofRun = listeners.get(runId) ?? new Set()
      listeners.set(runId, ofRun.add(listener))
      return () => {
        ofRun.delete(listener)
        if (ofRun.size === 0) listeners.delete(runId)
      }
    },
    close() {
      isClosed = true
      for (const ofRun of [...listeners.values()]) for (const listener of [...ofRun]) listener.end()
    },
  }
}

/** What one attempt of a model call writes. */
export interface AttemptText {
  readonly onDelta: (text: string) => void
  /** After it nothing more is taken. A failed attempt takes back what it has given. */
  end(succeeded: boolean): void
}

export const attemptText = (publish: (delta: Delta) => void, call: { readonly callId: string; readonly attempt: number }): AttemptText => {
  let hasGiven = false
  let isOver = false
  return {
    onDelta(text) {
      // Models are code of users, too, and may go on after their time was up.
      if (isOver || typeof text !== 'string' || text === '') return
      hasGiven = true
      publish({ ...call, text })
    },
    end(succeeded) {
      isOver = true
      if (hasGiven && !succeeded) publish({ ...call, reset: true })
    },
  }
}
