import { HttpProblem } from './problem.ts'

/** The live streams of this process, counted by key. */
export interface OpenStreams {
  /** Throws `TooManyStreams`. The signal ends the stream; `close` has to be called once it has ended. */
  open(key: string): { readonly signal: AbortSignal; close(): void }
  /** Ends all of them, and at once whatever is opened from now on. */
  endAll(): void
}

export const openStreams = ({ perKey, inAll }: { readonly perKey: number; readonly inAll: number }): OpenStreams => {
  const byKey = new Map<string, Set<AbortController>>()
  let open = 0
  let isOver = false
  return {
    open(key) {
      const ofKey = byKey.get(key) ?? new Set()
      if (ofKey.size >= perKey) throw tooMany(`${perKey} open streams of ${key}`)
      if (open >= inAll) throw tooMany(`${inAll} open streams`)
      const controller = new AbortController()
      byKey.set(key, ofKey.add(controller))
      open += 1
      if (isOver) controller.abort()
      return {
        signal: controller.signal,
        close() {
          if (ofKey.delete(controller)) open -= 1
          controller.abort()
        },
      }
    },
    endAll() {
      isOver = true
      for (const ofKey of byKey.values()) for (const controller of ofKey) controller.abort()
    },
  }
}

const tooMany = (most: string): HttpProblem =>
  new HttpProblem('TooManyStreams', `Expected ${most} at most, found as many already`, { headers: { 'retry-after': '5' } })
