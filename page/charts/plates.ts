import type { ChartPicture } from '../server/contract.ts'
import type { ChartHeat, Heat } from './heat.ts'

type Group = ChartPicture['groups'][number]

interface Point {
  readonly x: number
  readonly y: number
}

/** A number on the picture. `at` is its middle. */
export interface Plate {
  readonly id: string
  readonly of: 'state' | 'edge'
  readonly at: Point
  readonly width: number
  readonly className: string
  readonly text: string
}

const CHAR_WIDTH = 6.3
export const PLATE_HEIGHT = 15
const GAP = 1
/** Along a line, from its middle on. */
const HALF = 0.5
const PLACES = [HALF, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82, 0.1, 0.9]

/** A number for each state and line, so that none lies on another where there is room. Those of states have their place. */
export const platesOf = ({ groups }: ChartPicture, heat: ChartHeat): readonly Plate[] => {
  const plates = groups.flatMap((group) => statePlate(group, heat))
  for (const { id, points, className, text } of numberedLines(groups, heat)) {
    const width = widthOf(text)
    const places = [...PLACES.map((part) => pointAt(points, part)), ...besides(pointAt(points, HALF), width)]
    const best = places
      .map((at) => ({ at, hidden: hiddenBy(plates, at, width) }))
      .reduce((one, other) => (other.hidden < one.hidden ? other : one))
    plates.push({ id, of: 'edge', at: best.at, width, className, text })
  }
  return plates
}

const widthOf = (text: string): number => text.length * CHAR_WIDTH + 8

/** Of a line that is too short for another number along it. */
const besides = ({ x, y }: Point, width: number): readonly Point[] =>
  [width / 2 + GAP, -width / 2 - GAP].flatMap((across) =>
    [0, PLATE_HEIGHT + GAP, -PLATE_HEIGHT - GAP].map((down) => ({ x: x + across, y: y + down })),
  )

const statePlate = ({ id, layer, className, shapes }: Group, { states }: ChartHeat): readonly Plate[] => {
  const own = id === undefined ? undefined : states.get(id)
  const box = shapes.find((shape) => shape.kind === 'rect')
  if (id === undefined || own === undefined || own.text === '' || box === undefined) return []
  if (layer !== 'state' || className.includes('whole')) return []
  const at = { x: box.x + box.width / 2, y: box.y + box.height }
  return [{ id, of: 'state', at, width: widthOf(own.text), className: own.className, text: own.text }]
}

/** So much of a plate would lie on others. */
const hiddenBy = (plates: readonly Plate[], { x, y }: Point, width: number): number =>
  plates.reduce((sum, { at, width: other }) => {
    const across = (width + other) / 2 + GAP - Math.abs(at.x - x)
    const down = PLATE_HEIGHT + GAP - Math.abs(at.y - y)
    return sum + Math.max(0, across) * Math.max(0, down)
  }, 0)

interface NumberedLine {
  readonly id: string
  readonly points: readonly Point[]
  readonly className: string
  readonly text: string
}

/** Edges with the same line share its place: those that were taken are written, or else the first. */
const numberedLines = (groups: readonly Group[], { edges }: ChartHeat): readonly NumberedLine[] => {
  const byLine = new Map<string, { readonly id: string; readonly own: Heat }[]>()
  for (const { id, layer, shapes } of groups) {
    const path = shapes.find((shape) => shape.kind === 'path')
    const own = id === undefined ? undefined : edges.get(id)
    if (id === undefined || own === undefined || own.text === '' || path === undefined || layer !== 'line') continue
    byLine.set(path.d, [...(byLine.get(path.d) ?? []), { id, own }])
  }
  return [...byLine].flatMap(([d, all]) => {
    const taken = all.filter(({ own }) => !own.className.startsWith('never'))
    const shown = taken.length > 0 ? taken : all.slice(0, 1)
    const [first] = shown
    if (first === undefined) return []
    const text = shown.map(({ own }) => own.text).join(' / ')
    return [{ id: first.id, points: pointsOf(d), className: first.own.className, text }]
  })
}

/** The corners of a line. */
const pointsOf = (d: string): readonly Point[] => {
  const numbers = [...d.matchAll(/-?\d+(?:\.\d+)?/g)].map(Number)
  const points: Point[] = []
  for (let at = 0; at + 1 < numbers.length; at += 2) points.push({ x: numbers[at] ?? 0, y: numbers[at + 1] ?? 0 })
  return points
}

/** Behind so much of a line, 0 to 1. */
const pointAt = (points: readonly Point[], part: number): Point => {
  const lengths = points.slice(1).map(({ x, y }, at) => Math.hypot(x - (points[at]?.x ?? 0), y - (points[at]?.y ?? 0)))
  let left = lengths.reduce((sum, length) => sum + length, 0) * part
  for (const [at, length] of lengths.entries()) {
    const [from, to] = [points[at], points[at + 1]]
    if (left <= length && from !== undefined && to !== undefined && length > 0) {
      const along = left / length
      return { x: from.x + (to.x - from.x) * along, y: from.y + (to.y - from.y) * along }
    }
    left -= length
  }
  return points[0] ?? { x: 0, y: 0 }
}
