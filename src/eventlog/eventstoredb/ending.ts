/** The end of a subscription, which may come from outside while it waits for something. */
export interface Ending {
  readonly reached: boolean
  end(): void
  /** Returns what takes it back. */
  onEnd(listener: () => void): () => void
  /** Resolves with the promise, or when the end comes first. */
  orEnd(promise: Promise<void>): Promise<void>
  /** Lets go of the signal. */
  release(): void
}

export const ending = (signal: AbortSignal | undefined): Ending => {
  const listeners = new Set<() => void>()
  let reached = signal?.aborted ?? false
  const end = (): void => {
    reached = true
    for (const listener of [...listeners]) listener()
  }
  const onEnd = (listener: () => void): (() => void) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }
  signal?.addEventListener('abort', end)
  return {
    get reached() {
      return reached
    },
    end,
    onEnd,
    orEnd: (promise) =>
      new Promise((resolve, reject) => {
        const takeBack = onEnd(resolve)
        promise.then(resolve, reject).finally(takeBack)
      }),
    release() {
      signal?.removeEventListener('abort', end)
    },
  }
}
