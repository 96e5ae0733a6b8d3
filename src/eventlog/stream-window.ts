import { AppError } from '../errors.ts'
import type { Direction, ReadStreamOptions, StreamMetadata } from './event-log.ts'

/** What may be read of a stream, both revisions inclusive. */
export interface StreamWindow {
  readonly first: number
  readonly last: number
  /** Only events stored later than this, in ms since the epoch. */
  readonly storedAfter: number
}

/** Truncation hides events from reads of their stream at once; the whole log still shows them. */
export const streamWindow = (head: number, metadata: StreamMetadata, now: number): StreamWindow => ({
  first: Math.max(0, metadata.truncateBefore ?? 0, metadata.maxCount === undefined ? 0 : head + 1 - metadata.maxCount),
  last: head,
  storedAfter: metadata.maxAgeMs === undefined ? -Infinity : now - metadata.maxAgeMs,
})

/** Narrows a window to what a read asks for. */
export const narrow = (window: StreamWindow, direction: Direction, from: number | undefined): StreamWindow => {
  if (from === undefined) return window
  return direction === 'forwards' ? { ...window, first: Math.max(window.first, from) } : { ...window, last: Math.min(window.last, from) }
}

export const checkReadOptions = (options: ReadStreamOptions): void => {
  for (const [name, value] of [
    ['from', options.from],
    ['limit', options.limit],
  ] as const) {
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 0)) {
      throw new AppError('InvalidInput', `"${name}" of a read is 0, 1, 2 …, not ${String(value)}`, { details: { [name]: value } })
    }
  }
}

/** Throws `InvalidInput` for a count, age or revision that makes no sense. */
export const checkMetadata = (stream: string, metadata: StreamMetadata): void => {
  const least = { maxCount: 1, maxAgeMs: 1, truncateBefore: 0 } as const
  for (const name of ['maxCount', 'maxAgeMs', 'truncateBefore'] as const) {
    const value = metadata[name]
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= least[name])) {
      throw new AppError('InvalidInput', `${name} of ${stream} is a whole number of at least ${least[name]}, not ${String(value)}`, {
        details: { stream, [name]: value },
      })
    }
  }
}
