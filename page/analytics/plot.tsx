import { useState } from 'preact/hooks'
import { count, duration, money } from '../../src/projections/amount-text.ts'
import { setQuery } from '../address/address.ts'
import { fullTimeText } from '../preferences/time-text.ts'
import type { Series, Unit } from './usage.ts'

const WIDTH = 400
const HEIGHT = 150
const LEFT = 56
const BOTTOM = 18
const TOP = 8
export const MOST_LINES = 5

export const unitText = (value: number | null, unit: Unit): string => {
  if (value === null) return ''
  if (unit === 'share') return `${Math.round(value * 1_000) / 10} %`
  if (unit === 'money') return money(value)
  return unit === 'duration' ? duration(value) : count(value)
}

export const slotText = (at: number): string => fullTimeText(at, 'utc').slice(0, 16)

interface PlotProps {
  readonly title: string
  readonly unit: Unit
  readonly series: readonly Series[]
  readonly slots: readonly number[]
  readonly everyMs: number
}

interface Scale {
  readonly first: number
  readonly last: number
  readonly highest: number
  readonly x: (at: number) => number
  readonly y: (value: number) => number
}

const scaleOf = ({ unit, series, slots, everyMs }: Omit<PlotProps, 'title'>): Scale => {
  const first = slots[0] ?? 0
  const last = (slots.at(-1) ?? 0) + everyMs
  const highest = unit === 'share' ? 1 : Math.max(1, ...series.flatMap(({ points }) => points.map(({ value }) => value ?? 0)))
  return {
    first,
    last,
    highest,
    x: (at) => LEFT + ((at - first) / Math.max(1, last - first)) * (WIDTH - LEFT),
    y: (value) => TOP + (1 - value / highest) * (HEIGHT - TOP - BOTTOM),
  }
}

/** Lines over time; what is dragged over is looked at alone. The table beside it says the same. */
export const Plot = ({ title, ...plotted }: PlotProps) => {
  const { unit, series, everyMs } = plotted
  const [brush, setBrush] = useState<{ readonly from: number; readonly to: number } | undefined>(undefined)
  const scale = scaleOf(plotted)
  const { first, last, x, y } = scale
  const choose = (): void => {
    if (brush !== undefined && Math.abs(brush.to - brush.from) > (last - first) / 100)
      setQuery({ since: String(Math.min(brush.from, brush.to)), until: String(Math.max(brush.from, brush.to)) })
    setBrush(undefined)
  }
  return (
    <svg
      class="plot"
      role="img"
      aria-label={`${title}, over time: the table has its numbers`}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId)
        setBrush({ from: timeAt(event, scale), to: timeAt(event, scale) })
      }}
      onPointerMove={(event) => {
        if (brush !== undefined) setBrush({ ...brush, to: timeAt(event, scale) })
      }}
      onPointerUp={choose}
      onPointerCancel={() => {
        setBrush(undefined)
      }}
    >
      <Axes scale={scale} unit={unit} />
      {series.slice(0, MOST_LINES).map(({ name, points }, at) => {
        const { line, alone } = drawn(points, { x: (time) => x(time + everyMs / 2), y })
        return (
          <g key={name}>
            <path class={`series n${at}`} d={line} />
            <path class={`series alone n${at}`} d={alone} />
          </g>
        )
      })}
      {brush !== undefined && (
        <rect
          class="brush"
          x={Math.min(x(brush.from), x(brush.to))}
          y={TOP}
          width={Math.abs(x(brush.to) - x(brush.from))}
          height={HEIGHT - TOP - BOTTOM}
        />
      )}
    </svg>
  )
}

const Axes = ({ scale: { first, last, highest, y }, unit }: { readonly scale: Scale; readonly unit: Unit }) => (
  <>
    <line class="axis" x1={LEFT} y1={y(0)} x2={WIDTH} y2={y(0)} />
    <line class="axis" x1={LEFT} y1={y(highest)} x2={WIDTH} y2={y(highest)} />
    <text x={LEFT - 4} y={y(highest) + 8} text-anchor="end">
      {unitText(highest, unit)}
    </text>
    <text x={LEFT - 4} y={y(0)} text-anchor="end">
      {unitText(0, unit)}
    </text>
    <text x={LEFT} y={HEIGHT - 4}>
      {slotText(first)}
    </text>
    <text x={WIDTH} y={HEIGHT - 4} text-anchor="end">
      {slotText(last)}
    </text>
  </>
)

/** Under the pointer. */
const timeAt = (event: PointerEvent, { first, last }: Scale): number => {
  const box = (event.currentTarget as Element).getBoundingClientRect()
  const along = (((event.clientX - box.left) / box.width) * WIDTH - LEFT) / (WIDTH - LEFT)
  return Math.round(first + Math.min(1, Math.max(0, along)) * (last - first))
}

/** A slot without a value interrupts the line; one alone is a ring. */
const drawn = (points: Series['points'], { x, y }: Pick<Scale, 'x' | 'y'>): { readonly line: string; readonly alone: string } => {
  let line = ''
  let alone = ''
  points.forEach(({ at, value }, index) => {
    if (value === null) return
    const place = `${x(at).toFixed(1)} ${y(value).toFixed(1)}`
    if (hasValue(points[index - 1])) line += `L${place}`
    else if (hasValue(points[index + 1])) line += `M${place}`
    else alone += `M${place}${RING}`
  })
  return { line, alone }
}

const hasValue = (point: Series['points'][number] | undefined): boolean => (point?.value ?? null) !== null

const RING = 'm-2.5 0a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0 -5 0'
