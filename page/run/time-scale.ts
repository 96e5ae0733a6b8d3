import type { Span } from './span.ts'
import type { Group } from './timeline.ts'

/** A stretch of time in which nothing ran, drawn as if it were short. */
export interface Fold extends Span {
  /** The row that waited meanwhile; undefined where the run waited for nothing that is in it, as for a message. */
  readonly waiting: Group | undefined
}

export interface TimeScale {
  /** From 0 to 1. */
  readonly of: (at: number) => number
  /** The other way round. */
  readonly at: (share: number) => number
  readonly folds: readonly Fold[]
}

/** Shorter ones are left as they are. */
const SHORTEST_FOLD_MS = 5_000
const LEAST_SHARE = 0.1
/** How wide a fold is, of all that is seen, and all of them together. */
const FOLD_SHARE = 0.08
const ALL_FOLDS_SHARE = 0.6
const IDLE: ReadonlySet<string> = new Set(['waits', 'pause'])

/** Time along a line, without the long stretches in which everybody waited. */
export const timeScale = (groups: readonly Group[], { from, to }: Span, isFolded = true): TimeScale => {
  const total = Math.max(1, to - from)
  const folds = isFolded ? foldsOf(groups, { from, to: from + total }) : []
  const open = Math.max(1, total - folds.reduce((sum, fold) => sum + fold.to - fold.from, 0))
  const foldWidth = folds.length === 0 ? 0 : Math.min(FOLD_SHARE, ALL_FOLDS_SHARE / folds.length)
  const perMs = (1 - foldWidth * folds.length) / open
  const stops: Stop[] = [{ at: from, share: 0 }]
  const go = (at: number, width: number): void => {
    stops.push({ at, share: (stops.at(-1)?.share ?? 0) + width })
  }
  for (const fold of folds) {
    go(fold.from, (fold.from - (stops.at(-1)?.at ?? from)) * perMs)
    go(fold.to, foldWidth)
  }
  go(from + total, (from + total - (stops.at(-1)?.at ?? from)) * perMs)
  return { folds, of: (at) => between(stops, 'at', 'share', at), at: (share) => between(stops, 'share', 'at', share) }
}

interface Stop {
  readonly at: number
  readonly share: number
}

const between = (stops: readonly Stop[], given: keyof Stop, wanted: keyof Stop, value: number): number => {
  const next = stops.findIndex((stop) => stop[given] > value)
  const [before, after] = [stops.at(next === -1 ? -1 : next - 1), stops[next]]
  if (before === undefined || next === 0) return stops[0]?.[wanted] ?? 0
  if (after === undefined) return before[wanted]
  return before[wanted] + ((after[wanted] - before[wanted]) * (value - before[given])) / (after[given] - before[given])
}

const foldsOf = (groups: readonly Group[], span: Span): readonly Fold[] =>
  gapsOf(groups, span)
    .filter(({ from, to }) => to - from >= SHORTEST_FOLD_MS && to - from >= (span.to - span.from) * LEAST_SHARE)
    .map((gap) => ({ ...gap, waiting: waitingIn(groups, gap) }))

/** Times in which no effect was under way. */
const gapsOf = (groups: readonly Group[], { from: begin, to: end }: Span): readonly Span[] => {
  const busy = groups
    .flatMap(({ segments }) => segments)
    .flatMap(({ kind, from, to = end }) => (IDLE.has(kind) || to < begin || from > end ? [] : [{ from, to: Math.min(to, end) }]))
    .toSorted((a, b) => a.from - b.from)
  const gaps: Span[] = []
  let until = begin
  for (const { from, to } of busy) {
    if (from > until) gaps.push({ from: until, to: from })
    until = Math.max(until, to)
  }
  return end > until ? [...gaps, { from: until, to: end }] : gaps
}

/** Which row waited the longest in it. */
const waitingIn = (groups: readonly Group[], gap: Span): Group | undefined => {
  let [longest, found]: [number, Group | undefined] = [0, undefined]
  for (const group of groups) {
    for (const { kind, from, to = gap.to } of group.segments) {
      const shared = Math.min(to, gap.to) - Math.max(from, gap.from)
      if (IDLE.has(kind) && shared > longest) [longest, found] = [shared, group]
    }
  }
  return found
}
