import { HttpProblem } from './problem.ts'

/** The live streams of this process, counted by key. */
export interface OpenStreams {
  /** Throws `TooManyStreams`. The signal ends the stream; `close` has to be called once it has ended. */
  open(key: string): { readonly signal: AbortSignal; close(): void }
  /** Ends all of them. */
  endAll(): void
}

export const openStreams = (mostPerKey: number): OpenStreams => {
  const byKey = new Map<string, Set<AbortController>>()
  return {
    open(key) {
      const ofKey = byKey.get(key) ?? new Set()
      if (ofKey.size >= mostPerKey) {
        throw new HttpProblem('TooManyStreams', `Expected ${mostPerKey} open streams of ${key} at most, found as many already`)
      }
      const controller = new AbortController()
      byKey.set(key, ofKey.add(controller))
      return {
        signal: controller.signal,
        close() {
          ofKey.delete(controller)
          controller.abort()
        },
      }
    },
    endAll() {
      for (const ofKey of byKey.values()) for (const controller of ofKey) controller.abort()
    },
  }
}
