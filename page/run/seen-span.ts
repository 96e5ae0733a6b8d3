import type { Span } from './span.ts'

// The time that the timeline shows: `t0` and `t1` of the address, ms since the epoch, or all of the run.

export const SHORTEST_MS = 1
const timeIn = (text: string | undefined): number | undefined => (text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined)

export const wholeSpan = (rows: readonly { readonly at: number }[]): Span => {
  const from = rows[0]?.at ?? 0
  return { from, to: Math.max(from + SHORTEST_MS, rows.at(-1)?.at ?? 0) }
}

/** What is asked for, as far as the run has it; the whole where that is nothing. */
export const shownSpan = (query: Readonly<Record<string, string>>, whole: Span): Span => {
  const from = Math.max(whole.from, timeIn(query['t0']) ?? whole.from)
  const to = Math.min(whole.to, timeIn(query['t1']) ?? whole.to)
  return to - from < SHORTEST_MS ? whole : { from, to }
}

export const isZoomed = (span: Span, whole: Span): boolean => span.from > whole.from || span.to < whole.to
