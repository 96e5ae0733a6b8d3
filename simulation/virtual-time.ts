/** Time that passes only from one scheduled event to the next. */
export interface VirtualTime {
  /** ms since the epoch, with fractions. */
  now(): number
  /** Returns what takes it back. `idle` ones do not count as work. */
  schedule(delayMs: number, run: () => void, options?: { readonly idle?: boolean }): () => void
  /** Runs the earliest event; false where none is left up to `until`. */
  step(until: number): boolean
  /** Whether anything but idle events is still to come. */
  hasWork(): boolean
}

interface Scheduled {
  readonly at: number
  readonly order: number
  readonly idle: boolean
  run: (() => void) | undefined
}

/** A binary heap by time; of two events at one time the one that was scheduled first. */
export const virtualTime = (startsAt: number): VirtualTime => {
  const heap: Scheduled[] = []
  let now = startsAt
  let count = 0
  let work = 0

  const take = (event: Scheduled): (() => void) | undefined => {
    const { run } = event
    event.run = undefined
    if (run !== undefined && !event.idle) work -= 1
    return run
  }

  return {
    now: () => now,
    schedule(delayMs, run, { idle = false } = {}) {
      const event: Scheduled = { at: now + Math.max(0, delayMs), order: count++, idle, run }
      if (!idle) work += 1
      push(heap, event)
      return () => void take(event)
    },
    step(until) {
      for (;;) {
        const first = heap[0]
        if (first === undefined || first.at > until) return false
        pop(heap)
        const run = take(first)
        if (run === undefined) continue
        now = first.at
        run()
        return true
      }
    },
    hasWork: () => work > 0,
  }
}

const isBefore = (a: Scheduled, b: Scheduled): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)

const push = (heap: Scheduled[], event: Scheduled): void => {
  let index = heap.push(event) - 1
  while (index > 0) {
    const above = (index - 1) >> 1
    const parent = heap[above]
    if (parent === undefined || !isBefore(event, parent)) break
    heap[index] = parent
    index = above
  }
  heap[index] = event
}

const pop = (heap: Scheduled[]): void => {
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return
  let index = 0
  for (;;) {
    const child = smallerChild(heap, index)
    const below = heap[child]
    if (below === undefined || !isBefore(below, last)) break
    heap[index] = below
    index = child
  }
  heap[index] = last
}

const smallerChild = (heap: readonly Scheduled[], index: number): number => {
  const left = heap[2 * index + 1]
  const right = heap[2 * index + 2]
  return left !== undefined && right !== undefined && isBefore(right, left) ? 2 * index + 2 : 2 * index + 1
}
