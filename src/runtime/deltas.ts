/** Text of an answer as it is written: the next piece of one attempt of a model call, or that what was given of it is void. */
export type Delta =
  | { readonly callId: string; readonly attempt: number; readonly text: string }
  /** The attempt failed, or its listener was too slow: the text comes anew, or stands in the event of the answer. */
  | { readonly callId: string; readonly attempt: number; readonly reset: true }

export interface DeltaListener {
  receive(delta: Delta): void
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
      for (const listener of listeners.get(runId) ?? []) listener.receive(delta)
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

/** Of text that waits for a listener, in UTF-16 units: more than any answer that somebody reads as it is written. */
const MOST_WAITING = 256 * 1024
/** Of pieces: what is written of one call joins into one. */
const MOST_PIECES = 256

/** What a listener has not taken yet. Bounded: of a call whose text is too much for it, it gets a reset instead and no more pieces. */
export interface DeltaQueue {
  push(delta: Delta): void
  /** Those that wait are still given; then there are no more. */
  end(failure?: unknown): void
  next(): Promise<IteratorResult<Delta, undefined>>
}

interface Waiter {
  readonly resolve: (result: IteratorResult<Delta, undefined>) => void
  readonly reject: (failure: unknown) => void
}

export const createDeltaQueue = (): DeltaQueue => {
  const waiting = createWaitingDeltas()
  const waiters: Waiter[] = []
  let ending: { readonly failure?: unknown } | undefined
  const finish = ({ resolve, reject }: Waiter): void => {
    if (ending?.failure === undefined) resolve({ done: true, value: undefined })
    else reject(ending.failure)
  }
  return {
    push(delta) {
      if (ending !== undefined) return
      const waiter = waiters.shift()
      if (waiter === undefined) waiting.add(delta)
      else if (waiting.isWanted(delta)) waiter.resolve({ done: false, value: delta })
      else waiters.unshift(waiter)
    },
    end(failure) {
      if (ending !== undefined) return
      ending = failure === undefined ? {} : { failure }
      for (const waiter of waiters.splice(0)) finish(waiter)
    },
    next: () =>
      new Promise((resolve, reject) => {
        const delta = waiting.shift()
        if (delta !== undefined) resolve({ done: false, value: delta })
        else if (ending === undefined) waiters.push({ resolve, reject })
        else finish({ resolve, reject })
      }),
  }
}

interface WaitingDeltas {
  add(delta: Delta): void
  shift(): Delta | undefined
  /** False for text of which the beginning was lost. */
  isWanted(delta: Delta): boolean
}

const createWaitingDeltas = (): WaitingDeltas => {
  let deltas: Delta[] = []
  let units = 0
  /** The newest attempt of each call whose text was too much, oldest first. */
  const lost = new Map<string, number>()
  const isWanted = (delta: Delta): boolean => !('text' in delta) || lost.get(delta.callId) !== delta.attempt
  const drop = (): void => {
    const calls = new Map(deltas.map(({ callId, attempt }) => [`${callId} ${attempt}`, { callId, attempt }]))
    deltas = [...calls.values()].slice(-MOST_PIECES / 2).map((call) => ({ ...call, reset: true as const }))
    units = 0
    lost.clear()
    for (const { callId, attempt } of deltas) lost.set(callId, attempt)
  }
  return {
    isWanted,
    add(delta) {
      if (!isWanted(delta)) return
      const last = deltas.at(-1)
      if ('text' in delta) units += delta.text.length
      if (last !== undefined && 'text' in last && 'text' in delta && isSameAttempt(last, delta)) {
        deltas[deltas.length - 1] = { ...last, text: last.text + delta.text }
      } else deltas.push(delta)
      if (units > MOST_WAITING || deltas.length > MOST_PIECES) drop()
    },
    shift() {
      const delta = deltas.shift()
      if (delta !== undefined && 'text' in delta) units -= delta.text.length
      return delta
    },
  }
}

const isSameAttempt = (a: Delta, b: Delta): boolean => a.callId === b.callId && a.attempt === b.attempt
