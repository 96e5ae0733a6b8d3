import type { OutlineRow } from '../../src/projections/outline-row.ts'
import { markOf } from './cursor.ts'
import { timeScale } from './time-scale.ts'
import { timelineOf } from './timeline.ts'

/** Where each event stands on the slider's line, from 0 to 1, none before the one that it follows. */
export interface Track {
  readonly places: readonly number[]
  readonly revisionAt: (place: number) => number
}

/** Each event has the same room. */
export const trackByStep = (rows: readonly OutlineRow[]): Track => {
  const newest = Math.max(1, rows.length - 1)
  return { places: rows.map((_, index) => index / newest), revisionAt: (place) => Math.round(place * newest) }
}

/** Each stands at its time; what nobody worked in is drawn short, as in the timeline. */
export const trackByTime = (rows: readonly OutlineRow[]): Track => {
  const scale = timeScale(timelineOf(rows), { from: rows[0]?.at ?? 0, to: rows.at(-1)?.at ?? 0 })
  let last = 0
  // Clocks of several machines may go back a little.
  const places = rows.map(({ at }) => (last = Math.max(last, scale.of(at))))
  return { places, revisionAt: (place) => nearestTo(places, place) }
}

const nearestTo = (places: readonly number[], place: number): number => {
  let [low, high] = [0, places.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((places[middle] ?? 0) < place) low = middle + 1
    else high = middle
  }
  const [before, after] = [places[low - 1], places[low] ?? 1]
  return before !== undefined && place - before < after - place ? low - 1 : low
}

const MARKS = ['turn', 'person', 'limit', 'failure'] as const
export const TRACK_WIDTH = 1_000
export const TRACK_HEIGHT = 14
/** Above so many events, bars say where most of them are. */
const MANY = 400
const BARS = 200

/** One path a kind, however many events there are: as many strokes as there are places to draw them at. */
export const marksOf = (rows: readonly OutlineRow[], { places }: Track): readonly { readonly kind: string; readonly d: string }[] => [
  { kind: 'density', d: rows.length > MANY ? densityOf(places) : '' },
  ...MARKS.map((kind) => {
    const at = new Set(rows.flatMap((row, index) => (markOf(row) === kind ? [((places[index] ?? 0) * TRACK_WIDTH).toFixed(0)] : [])))
    return { kind, d: [...at].map((x) => `M${x} 0v${TRACK_HEIGHT}`).join('') }
  }),
]

const densityOf = (places: readonly number[]): string => {
  const counts = new Array<number>(BARS).fill(0)
  for (const place of places) {
    const bar = Math.min(BARS - 1, Math.floor(place * BARS))
    counts[bar] = (counts[bar] ?? 0) + 1
  }
  const most = Math.log1p(Math.max(...counts))
  const width = TRACK_WIDTH / BARS
  return counts
    .map((count, bar) => {
      const height = (TRACK_HEIGHT * Math.log1p(count)) / most
      return count === 0 ? '' : `M${bar * width} ${TRACK_HEIGHT}v${(-height).toFixed(1)}h${width}v${height.toFixed(1)}z`
    })
    .join('')
}
