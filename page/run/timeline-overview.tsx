import { useMemo, useState } from 'preact/hooks'
import { duration } from '../../src/projections/amount-text.ts'
import { lanesOf, OVERVIEW_HEIGHT, OVERVIEW_WIDTH } from './overview-lanes.ts'
import { percent, percentWithin } from './percent.ts'
import { isZoomed } from './seen-span.ts'
import type { Span } from './span.ts'
import type { TimeScale } from './time-scale.ts'
import type { Group } from './timeline.ts'
import { showWhole, zoomTo } from './zoom.ts'

interface OverviewProps {
  readonly groups: readonly Group[]
  /** Of the whole run. */
  readonly scale: TimeScale
  readonly whole: Span
  readonly seen: Span
  /** The time at the cursor. */
  readonly at: number
}

/** Of the whole; less is a click. */
const LEAST_DRAG = 0.005

/** The whole run in one line, with the cursor and what of it is seen below. A drag shows what it has gone over; a double click shows all. */
export const TimelineOverview = ({ groups, scale, whole, seen, at }: OverviewProps) => {
  const [drag, setDrag] = useState<{ readonly from: number; readonly to: number } | undefined>(undefined)
  const isPart = isZoomed(seen, whole)
  const choose = (): void => {
    setDrag(undefined)
    if (drag === undefined) return
    const [low, high] = [Math.min(drag.from, drag.to), Math.max(drag.from, drag.to)]
    if (high - low > LEAST_DRAG) zoomTo({ from: scale.at(low), to: scale.at(high) })
    else if (isPart) zoomTo(around(scale.at(low), seen))
  }
  return (
    <div
      class="overview"
      role="img"
      aria-label={`The whole run, ${duration(whole.to - whole.from)}${isPart ? `; ${duration(seen.to - seen.from)} of it are shown` : ''}`}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId)
        const share = shareAt(event)
        setDrag({ from: share, to: share })
      }}
      onPointerMove={(event) => {
        if (drag !== undefined) setDrag({ ...drag, to: shareAt(event) })
      }}
      onPointerUp={choose}
      onPointerCancel={() => {
        setDrag(undefined)
      }}
      onDblClick={showWhole}
    >
      <Lanes groups={groups} scale={scale} end={whole.to} />
      {isPart && <Part kind="seen" from={scale.of(seen.from)} to={scale.of(seen.to)} />}
      {drag !== undefined && <Part kind="drag" from={Math.min(drag.from, drag.to)} to={Math.max(drag.from, drag.to)} />}
      <span class="cursor" style={{ left: percentWithin(scale.of(at), 2) }} />
    </div>
  )
}

const around = (at: number, { from, to }: Span): Span => ({ from: at - (to - from) / 2, to: at + (to - from) / 2 })

const shareAt = ({ clientX, currentTarget }: { readonly clientX: number; readonly currentTarget: Element }): number => {
  const { left, width } = currentTarget.getBoundingClientRect()
  return Math.max(0, Math.min(1, (clientX - left) / width))
}

const Part = ({ kind, from, to }: { readonly kind: 'seen' | 'drag'; readonly from: number; readonly to: number }) => (
  <span class={kind} style={{ left: percent(from), width: percent(to - from) }} />
)

const Lanes = ({ groups, scale, end }: { readonly groups: readonly Group[]; readonly scale: TimeScale; readonly end: number }) => {
  const drawn = useMemo(
    () => (
      <svg viewBox={`0 0 ${OVERVIEW_WIDTH} ${OVERVIEW_HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        {scale.folds.map(({ from, to }) => {
          const [left, right] = [scale.of(from) * OVERVIEW_WIDTH, scale.of(to) * OVERVIEW_WIDTH]
          return <rect key={from} class="fold" x={left} y={0} width={right - left} height={OVERVIEW_HEIGHT} />
        })}
        {lanesOf(groups, scale, end).map(({ paint, d }, index) => (
          <path key={index} class={paint} d={d} />
        ))}
      </svg>
    ),
    [groups, scale, end],
  )
  return drawn
}
