import { useSelector } from '@xstate/store-preact'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import type { Query } from '../address/address.ts'
import { openRun } from './run-store.ts'
import { shownSpan, wholeSpan } from './seen-span.ts'
import { TimelineAxis } from './timeline-axis.tsx'
import { TimelineBands } from './timeline-bands.tsx'
import { TimelineOverview } from './timeline-overview.tsx'
import { TimelineRows } from './timeline-rows.tsx'
import type { Span } from './span.ts'
import { SpanRows } from './span-rows.tsx'
import { timeScale, type TimeScale } from './time-scale.ts'
import { spanOf, timelineOf, type Group } from './timeline.ts'
import { zoomBy } from './zoom.ts'

/** The rows of the run in the time that is shown; those that begin behind the cursor are paler. */
export const TimelinePane = ({ cursor, query }: { readonly cursor: number; readonly query: Query }) => {
  const { rows, runId } = useSelector(openRun, ({ context }) => context)
  const all = useMemo(() => timelineOf(rows), [rows])
  const limits = useMemo(() => rows.filter(({ type }) => type === 'LimitExceeded'), [rows])
  const whole = useMemo(() => wholeSpan(rows), [rows])
  const seen = useMemo(() => shownSpan(query, whole), [query['t0'], query['t1'], whole])
  const isFolded = query['idle'] !== 'shown'
  const wholeScale = useMemo(() => timeScale(all, whole, isFolded), [all, whole, isFolded])
  const scale = useMemo(() => timeScale(all, seen, isFolded), [all, seen, isFolded])
  const onlyFailed = query['view'] === 'failed'
  const groups = useMemo(
    () => all.filter((group) => isIn(group, seen, whole.to) && (!onlyFailed || hasFailed(group))),
    [all, seen, onlyFailed],
  )
  const box = useRef<HTMLDivElement>(null)
  useWheel(box, scale)
  const at = rows[cursor]?.at ?? whole.to
  const under = <TimelineBands groups={all} limits={limits} scale={scale} seen={seen} at={at} />
  return (
    <div class={rows[0]?.forkOf === undefined ? 'timeline' : 'timeline of-fork'} ref={box}>
      <TimelineOverview groups={all} scale={wholeScale} whole={whole} seen={seen} at={at} />
      <TimelineAxis scale={scale} whole={whole} seen={seen} />
      {query['rows'] === 'spans' ? (
        <SpanRows
          runId={runId}
          events={rows.length}
          scale={scale}
          seen={seen}
          cursor={cursor}
          chosen={query['span']}
          onlyFailed={onlyFailed}
          under={under}
        />
      ) : (
        <>
          {groups.length === 0 && (
            <p class="faint">{onlyFailed ? 'Nothing has failed in this time.' : 'Nothing has happened in this time.'}</p>
          )}
          <TimelineRows groups={groups} scale={scale} seen={seen} end={whole.to} cursor={cursor} open={query['child']} under={under} />
        </>
      )}
    </div>
  )
}

const isIn = (group: Group, seen: Span, end: number): boolean => {
  const { from, to } = spanOf(group, end)
  return from <= seen.to && to >= seen.from
}

const hasFailed = ({ outcome, segments }: Group): boolean => outcome === 'bad' || segments.some(({ kind }) => kind === 'failed')

const A_NOTCH = 1.002

/** With Ctrl, the wheel shows more or less time around the pointer, as a pinch does. */
const useWheel = (box: { readonly current: HTMLElement | null }, scale: TimeScale): void => {
  const newest = useRef(scale)
  newest.current = scale
  useEffect(() => {
    const onWheel = (event: WheelEvent): void => {
      const bars = box.current?.querySelector('.axis .bars')?.getBoundingClientRect()
      if (!event.ctrlKey || bars === undefined) return
      event.preventDefault()
      zoomBy(A_NOTCH ** event.deltaY, newest.current.at(Math.max(0, Math.min(1, (event.clientX - bars.left) / bars.width))))
    }
    const list = box.current
    list?.addEventListener('wheel', onWheel, { passive: false })
    return () => list?.removeEventListener('wheel', onWheel)
  }, [])
}
