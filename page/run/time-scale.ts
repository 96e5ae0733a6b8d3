import type { Group } from './timeline.ts'

/** A stretch of time in which nothing ran, drawn as if it were short. */
export interface Fold {
  readonly from: number
  readonly to: number
}

export interface TimeScale {
  /** From 0 to 1. */
  readonly of: (at: number) => number
  readonly folds: readonly Fold[]
}

/** Shorter ones are left as they are. */
const SHORTEST_FOLD_MS = 5_000
const LEAST_SHARE = 0.1
/** How wide a fold is, of all that is seen. */
const FOLD_SHARE = 0.03
const IDLE: ReadonlySet<string> = new Set(['waits', 'pause'])

/** Time along a line, without the long stretches in which everybody waited. */
export const timeScale = (groups: readonly Group[], begin: number, end: number): TimeScale => {
  const total = Math.max(1, end - begin)
  const folds = gapsOf(groups, begin, end).filter(({ from, to }) => to - from >= SHORTEST_FOLD_MS && to - from >= total * LEAST_SHARE)
  const folded = folds.reduce((sum, { from, to }) => sum + to - from, 0)
  const open = Math.max(1, total - folded)
  const scale = Math.max(0.1, 1 - folds.length * FOLD_SHARE)
  const width = (1 - scale) / Math.max(1, folds.length)
  return {
    folds,
    of: (at) => {
      let hidden = 0
      let passed = 0
      for (const { from, to } of folds) {
        if (at >= to) {
          hidden += to - from
          passed += width
        } else if (at > from) {
          passed += (width * (at - from)) / (to - from)
          hidden += at - from
        }
      }
      return Math.max(0, Math.min(1, ((at - begin - hidden) / open) * scale + passed))
    },
  }
}

/** Times in which no effect was under way. */
const gapsOf = (groups: readonly Group[], begin: number, end: number): readonly Fold[] => {
  const busy = groups
    .flatMap(({ segments }) => segments)
    .flatMap(({ kind, from, to }) => (IDLE.has(kind) ? [] : [{ from, to: to ?? end }]))
    .toSorted((a, b) => a.from - b.from)
  const gaps: Fold[] = []
  let until = begin
  for (const { from, to } of busy) {
    if (from > until) gaps.push({ from: until, to: from })
    until = Math.max(until, to)
  }
  return end > until ? [...gaps, { from: until, to: end }] : gaps
}
