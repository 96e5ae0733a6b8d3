/** What a picture of a chart is made of, for whoever draws it: lengths are pixels, and no text is escaped. */
export type Shape =
  | ({ readonly kind: 'rect'; readonly className: string; readonly rx: number } & Rectangle)
  | { readonly kind: 'circle'; readonly className: string; readonly cx: number; readonly cy: number; readonly r: number }
  | { readonly kind: 'path'; readonly className: string; readonly d: string }
  | ({ readonly kind: 'text'; readonly className: string; readonly text: string } & Point)

/** Shapes that belong together, and are marked together. */
export interface ShapeGroup {
  /** Lines lie above states and below labels; of lines, those that are marked lie above the others. */
  readonly layer: 'state' | 'start' | 'line' | 'label' | 'legend'
  /** `state …` or `edge` where it has an id: `active` and `taken` are added to it. */
  readonly className: string
  /** Of the state or edge. Several groups may be of one edge: its line, and its label. */
  readonly id?: string
  /** What a pointer that rests on it is told. */
  readonly title?: string
  /** It is moved by so much. */
  readonly x?: number
  readonly y?: number
  readonly shapes: readonly Shape[]
}

/** In drawing order. */
export interface ChartPicture {
  readonly width: number
  readonly height: number
  readonly groups: readonly ShapeGroup[]
}

interface Point {
  readonly x: number
  readonly y: number
}

interface Rectangle extends Point {
  readonly width: number
  readonly height: number
}

const BEND = 7
const HEAD = 8

/** As many digits as can be seen. */
const rounded = (value: number): number => Math.round(value * 10) / 10

export const rectangle = (className: string, { x, y, width, height }: Rectangle, radius: number): Shape => ({
  kind: 'rect',
  className,
  x: rounded(x),
  y: rounded(y),
  width: rounded(width),
  height: rounded(height),
  rx: radius,
})

export const inset = ({ x, y, width, height }: Rectangle, by: number): Rectangle => ({
  x: x + by,
  y: y + by,
  width: width - 2 * by,
  height: height - 2 * by,
})

/** A circle that fills a box. */
export const circle = (className: string, { x, y, width, height }: Rectangle): Shape => ({
  kind: 'circle',
  className,
  cx: rounded(x + width / 2),
  cy: rounded(y + height / 2),
  r: rounded(width / 2),
})

export const text = (className: string, content: string, { x, y }: Point): Shape => ({
  kind: 'text',
  className,
  x: rounded(x),
  y: rounded(y),
  text: content,
})

/** Head and shoulders, 12 pixels wide. */
export const person = (x: number, y: number): Shape => ({
  kind: 'path',
  className: 'icon',
  d: `M${at({ x: x + 6, y })}a3.2 3.2 0 1 1 0 6.4a3.2 3.2 0 1 1 0-6.4M${at({ x, y: y + 14 })}c0-8.5 12-8.5 12 0z`,
})

/** A line through all points, its bends rounded, and the arrow head that it ends with. */
export const arrow = (points: readonly Point[]): readonly Shape[] => {
  const [first, ...rest] = points
  const tip = rest.at(-1)
  const before = points.at(-2)
  if (first === undefined || tip === undefined || before === undefined) return []
  const bends = rest.slice(0, -1).map((bend, index) => roundedBend(points[index] ?? bend, bend, points[index + 2] ?? bend))
  return [
    { kind: 'path', className: 'line', d: `M${at(first)}${bends.join('')}L${at(towards(tip, before, HEAD - 1))}` },
    { kind: 'path', className: 'head', d: arrowHead(tip, before) },
  ]
}

const arrowHead = (tip: Point, before: Point): string => {
  const length = Math.hypot(before.x - tip.x, before.y - tip.y) || 1
  const base = { x: tip.x + ((before.x - tip.x) * HEAD) / length, y: tip.y + ((before.y - tip.y) * HEAD) / length }
  const side = { x: ((base.y - tip.y) / HEAD) * 4, y: ((tip.x - base.x) / HEAD) * 4 }
  return `M${at(tip)}L${at({ x: base.x + side.x, y: base.y + side.y })}L${at({ x: base.x - side.x, y: base.y - side.y })}z`
}

const at = ({ x, y }: Point): string => `${rounded(x)} ${rounded(y)}`

const roundedBend = (from: Point, bend: Point, to: Point): string =>
  `L${at(towards(bend, from, BEND))}Q${at(bend)} ${at(towards(bend, to, BEND))}`

/** The point `distance` away from one point on the way to another, at most half way. */
const towards = (from: Point, to: Point, distance: number): Point => {
  const length = Math.hypot(to.x - from.x, to.y - from.y)
  const share = length === 0 ? 0 : Math.min(distance / length, 0.5)
  return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share }
}
