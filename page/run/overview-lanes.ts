import type { Group, Segment } from './timeline.ts'
import type { TimeScale } from './time-scale.ts'

// The whole run as a few shapes, however many rows it has: models, tools and whoever is waited for, one lane each.

export const OVERVIEW_WIDTH = 300
export const OVERVIEW_HEIGHT = 30
const LANE = 9
const GAP = 1

type Paint = 'runs' | 'waits' | 'failed'

export interface Shape {
  readonly paint: Paint
  readonly d: string
}

/** One path for each lane and paint: where a column of the picture has something of it. */
export const lanesOf = (groups: readonly Group[], scale: TimeScale, end: number): readonly Shape[] => {
  const shapes = new Map<string, Marked>()
  for (const group of groups) {
    for (const segment of group.segments) {
      const paint = PAINTS[segment.kind]
      const lane = paint === 'waits' ? 2 : group.kind === 'model' ? 0 : 1
      const name = `${lane} ${paint}`
      const marked = shapes.get(name) ?? { lane, paint, columns: new Uint8Array(OVERVIEW_WIDTH) }
      shapes.set(name, marked)
      const [first, last] = [columnOf(scale.of(segment.from)), columnOf(scale.of(segment.to ?? end))]
      marked.columns.fill(1, first, last + 1)
    }
  }
  return [...shapes.values()].toSorted((a, b) => ORDER.indexOf(a.paint) - ORDER.indexOf(b.paint)).map(pathOf)
}

interface Marked {
  readonly lane: number
  readonly paint: Paint
  readonly columns: Uint8Array
}

const PAINTS: Readonly<Record<Segment['kind'], Paint>> = { runs: 'runs', checks: 'runs', waits: 'waits', pause: 'waits', failed: 'failed' }
/** What failed is drawn over what did not. */
const ORDER: readonly Paint[] = ['runs', 'waits', 'failed']

const columnOf = (share: number): number => Math.min(OVERVIEW_WIDTH - 1, Math.floor(share * OVERVIEW_WIDTH))

const pathOf = ({ lane, paint, columns }: Marked): Shape => {
  const top = lane * (LANE + GAP)
  let d = ''
  for (let from = columns.indexOf(1); from >= 0;) {
    const next = columns.indexOf(0, from)
    const to = next < 0 ? OVERVIEW_WIDTH : next
    d += `M${from} ${top}h${to - from}v${LANE}h${from - to}z`
    from = next < 0 ? -1 : columns.indexOf(1, to)
  }
  return { paint, d }
}
