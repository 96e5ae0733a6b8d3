import { escapeXml } from './xml.ts'

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

/** A length in pixels, with as many digits as can be seen. */
export const px = (value: number): string => String(Math.round(value * 10) / 10)

export const rectangle = (className: string, { x, y, width, height }: Rectangle, radius: number): string =>
  `<rect class="${className}" x="${px(x)}" y="${px(y)}" width="${px(width)}" height="${px(height)}" rx="${px(radius)}"/>`

export const inset = ({ x, y, width, height }: Rectangle, by: number): Rectangle => ({
  x: x + by,
  y: y + by,
  width: width - 2 * by,
  height: height - 2 * by,
})

export const dot = ({ x, y, width, height }: Rectangle): string =>
  `<circle class="dot" cx="${px(x + width / 2)}" cy="${px(y + height / 2)}" r="${px(width / 2)}"/>`

/** Head and shoulders, 12 pixels wide. */
export const person = (x: number, y: number): string =>
  `<path class="icon" d="M${px(x + 6)} ${px(y)}a3.2 3.2 0 1 1 0 6.4a3.2 3.2 0 1 1 0-6.4M${px(x)} ${px(y + 14)}c0-8.5 12-8.5 12 0z"/>`

export const text = (className: string, content: string, { x, y }: Point): string =>
  `<text class="${className}" x="${px(x)}" y="${px(y)}">${escapeXml(content)}</text>`

/** A line through all points, its bends rounded, that ends where its arrow head begins. */
export const line = (points: readonly Point[]): string => {
  const [first, ...rest] = points
  const last = rest.at(-1)
  const before = points.at(-2)
  if (first === undefined || last === undefined || before === undefined) return ''
  const bends = rest.slice(0, -1).map((bend, at) => rounded(points[at] ?? bend, bend, points[at + 2] ?? bend))
  return `<path class="line" d="M${at(first)}${bends.join('')}L${at(towards(last, before, HEAD - 1))}"/>`
}

export const arrowHead = (points: readonly Point[]): string => {
  const tip = points.at(-1)
  const before = points.at(-2)
  if (tip === undefined || before === undefined) return ''
  const length = Math.hypot(before.x - tip.x, before.y - tip.y) || 1
  const base = { x: tip.x + ((before.x - tip.x) * HEAD) / length, y: tip.y + ((before.y - tip.y) * HEAD) / length }
  const side = { x: ((base.y - tip.y) / HEAD) * 4, y: ((tip.x - base.x) / HEAD) * 4 }
  return `<path class="head" d="M${at(tip)}L${at({ x: base.x + side.x, y: base.y + side.y })}L${at({ x: base.x - side.x, y: base.y - side.y })}z"/>`
}

const at = ({ x, y }: Point): string => `${px(x)} ${px(y)}`

const rounded = (from: Point, bend: Point, to: Point): string =>
  `L${at(towards(bend, from, BEND))}Q${at(bend)} ${at(towards(bend, to, BEND))}`

/** The point `distance` away from one point on the way to another, at most half way. */
const towards = (from: Point, to: Point, distance: number): Point => {
  const length = Math.hypot(to.x - from.x, to.y - from.y)
  const share = length === 0 ? 0 : Math.min(distance / length, 0.5)
  return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share }
}
