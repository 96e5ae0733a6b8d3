import { go } from '../address/address.ts'
import { shapeOf } from '../run/chart-picture.tsx'
import type { ChartPicture } from '../server/contract.ts'
import { visibleText } from '../../src/text.ts'
import type { ChartHeat, Heat } from './heat.ts'

type Group = ChartPicture['groups'][number]

interface HeatPictureProps {
  readonly picture: ChartPicture
  readonly name: string
  readonly heat: ChartHeat
  /** The runs behind the number of a state or edge. */
  readonly hrefOf: (id: string) => string | undefined
}

const CHAR_WIDTH = 6.3
const PLATE_HEIGHT = 15

/** The chart with a number on each state and edge. A click leads to the runs behind it; so does the table, for those who do not see the picture. */
export const HeatPicture = ({ picture, name, heat, hrefOf }: HeatPictureProps) => {
  const lines = oncePerLine(picture.groups, heat)
  return (
    <svg
      class="refold-chart heat"
      role="group"
      aria-label={`Statechart ${visibleText(name)} with its numbers`}
      width={picture.width}
      height={picture.height + PLATE_HEIGHT}
      viewBox={`0 0 ${picture.width} ${picture.height + PLATE_HEIGHT}`}
    >
      {picture.groups.map((group, index) => {
        const own = group.id === undefined ? undefined : (heat.states.get(group.id) ?? heat.edges.get(group.id))
        return (
          <g
            key={index}
            class={`${group.className} ${own?.className ?? ''}`}
            {...(group.x === undefined ? {} : { transform: `translate(${group.x} ${group.y ?? 0})` })}
          >
            {group.title !== undefined && <title>{visibleText(group.title)}</title>}
            {group.shapes.map(shapeOf)}
          </g>
        )
      })}
      {lines.map(({ id, at, heat: own }) => (
        <Plate key={id} id={id} of="edge" at={at} heat={own} href={hrefOf(id)} />
      ))}
      {picture.groups.map((group) => {
        const own = group.id === undefined ? undefined : heat.states.get(group.id)
        const box = group.shapes.find((shape) => shape.kind === 'rect')
        if (
          group.id === undefined ||
          own === undefined ||
          box === undefined ||
          group.layer !== 'state' ||
          group.className.includes('whole')
        )
          return null
        const at = { x: box.x + box.width / 2, y: box.y + box.height }
        return <Plate key={group.id} id={group.id} of="state" at={at} heat={own} href={hrefOf(group.id)} />
      })}
    </svg>
  )
}

interface Point {
  readonly x: number
  readonly y: number
}

interface PlateProps {
  readonly id: string
  readonly of: 'state' | 'edge'
  readonly at: Point
  readonly heat: Heat
  readonly href: string | undefined
}

const Plate = ({ id, of, at, heat: { className, text }, href }: PlateProps) => {
  const width = text.length * CHAR_WIDTH + 8
  const body = (
    <>
      <rect class="plate" x={at.x - width / 2} y={at.y - PLATE_HEIGHT / 2} width={width} height={PLATE_HEIGHT} rx={4} />
      <text class="row middle" x={at.x} y={at.y + 4}>
        {text}
      </text>
    </>
  )
  const named = { class: `figure ${of} ${className}`, 'data-id': id }
  if (href === undefined) return <g {...named}>{body}</g>
  return (
    <a
      {...named}
      href={href}
      // The table beside it has the same links; a picture with as many stops would keep the keyboard for long.
      tabIndex={of === 'state' ? 0 : -1}
      aria-label={`${visibleText(id)}: ${text}, its runs`}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return
        event.preventDefault()
        go(href)
      }}
    >
      {body}
    </a>
  )
}

interface Line {
  readonly id: string
  readonly at: Point
  readonly heat: Heat
}

/** Edges with the same line share its place: the one that was taken is written, or the first. */
const oncePerLine = (groups: readonly Group[], { edges }: ChartHeat): readonly Line[] => {
  const byLine = new Map<string, Line>()
  for (const { id, layer, shapes } of groups) {
    const path = shapes.find((shape) => shape.kind === 'path')
    const own = id === undefined ? undefined : edges.get(id)
    if (id === undefined || own === undefined || path === undefined || layer !== 'line') continue
    const before = byLine.get(path.d)
    if (before === undefined || before.heat.className.startsWith('never')) byLine.set(path.d, { id, at: middleOf(path.d), heat: own })
  }
  return [...byLine.values()]
}

/** Halfway along the corners of a line. */
const middleOf = (d: string): Point => {
  const numbers = [...d.matchAll(/-?\d+(?:\.\d+)?/g)].map(Number)
  const points: Point[] = []
  for (let at = 0; at + 1 < numbers.length; at += 2) points.push({ x: numbers[at] ?? 0, y: numbers[at + 1] ?? 0 })
  const lengths = points.slice(1).map(({ x, y }, at) => Math.hypot(x - (points[at]?.x ?? 0), y - (points[at]?.y ?? 0)))
  let left = lengths.reduce((sum, length) => sum + length, 0) / 2
  for (const [at, length] of lengths.entries()) {
    const [from, to] = [points[at], points[at + 1]]
    if (left <= length && from !== undefined && to !== undefined && length > 0) {
      const part = left / length
      return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part }
    }
    left -= length
  }
  return points[0] ?? { x: 0, y: 0 }
}
