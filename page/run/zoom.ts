import { address, setQuery } from '../address/address.ts'
import { here } from './cursor.ts'
import { openRun } from './run-store.ts'
import { isZoomed, SHORTEST_MS, shownSpan, wholeSpan } from './seen-span.ts'
import type { Span } from './span.ts'

/** As much of it as lies in the run; what is no less than the whole is the whole. */
export const zoomTo = (span: Span, how: 'jump' | 'slide' = 'jump'): void => {
  const whole = wholeSpan(openRun.getSnapshot().context.rows)
  const width = Math.max(SHORTEST_MS, Math.min(span.to - span.from, whole.to - whole.from))
  const from = Math.floor(Math.max(whole.from, Math.min(whole.to - width, span.from)))
  const to = Math.ceil(from + width)
  const wanted = { from, to }
  setQuery(isZoomed(wanted, whole) ? { t0: String(from), t1: String(to) } : { t0: undefined, t1: undefined }, how)
}

const current = (): Span => shownSpan(address.getSnapshot().context.query, wholeSpan(openRun.getSnapshot().context.rows))

/** So many times as much time is seen, the cursor's time or another one staying where it is. */
export const zoomBy = (factor: number, around?: number): void => {
  const { from, to } = current()
  const cursor = openRun.getSnapshot().context.rows[here()]?.at ?? from
  const fixed = around ?? (cursor >= from && cursor <= to ? cursor : (from + to) / 2)
  zoomTo({ from: fixed - (fixed - from) * factor, to: fixed + (to - fixed) * factor }, 'slide')
}

/** By a share of what is seen. */
export const panBy = (share: number): void => {
  const { from, to } = current()
  const by = (to - from) * share
  zoomTo({ from: from + by, to: to + by }, 'slide')
}

export const showWhole = (): void => {
  setQuery({ t0: undefined, t1: undefined })
}
