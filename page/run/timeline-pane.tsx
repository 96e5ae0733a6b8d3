import { useSelector } from '@xstate/store-preact'
import type { ComponentChildren } from 'preact'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import type { Query } from '../address/address.ts'
import { ProblemCard } from '../parts/problem-card.tsx'
import { WindowList } from '../parts/window-list.tsx'
import { useChildRows } from './child-rows.ts'
import { GroupRow } from './group-row.tsx'
import { openRun } from './run-store.ts'
import { shownSpan, wholeSpan } from './seen-span.ts'
import { TimelineAxis } from './timeline-axis.tsx'
import { TimelineBands } from './timeline-bands.tsx'
import { TimelineOverview } from './timeline-overview.tsx'
import type { Span } from './span.ts'
import { timeScale, type TimeScale } from './time-scale.ts'
import { spanOf, timelineOf, type Group } from './timeline.ts'
import { zoomBy } from './zoom.ts'

const ROW_HEIGHT = 26

/** The rows of the run in the time that is shown; those that begin behind the cursor are paler. */
export const TimelinePane = ({ cursor, query }: { readonly cursor: number; readonly query: Query }) => {
  const rows = useSelector(openRun, ({ context }) => context.rows)
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
  return (
    <div class={rows[0]?.forkOf === undefined ? 'timeline' : 'timeline of-fork'} ref={box}>
      <TimelineOverview groups={all} scale={wholeScale} whole={whole} seen={seen} at={at} />
      <TimelineAxis scale={scale} whole={whole} seen={seen} />
      {groups.length === 0 && <p class="faint">{onlyFailed ? 'Nothing has failed in this time.' : 'Nothing has happened in this time.'}</p>}
      <Rows
        groups={groups}
        scale={scale}
        seen={seen}
        end={whole.to}
        cursor={cursor}
        openChild={query['child']}
        under={<TimelineBands groups={all} limits={limits} scale={scale} seen={seen} at={at} />}
      />
    </div>
  )
}

const isIn = (group: Group, seen: Span, end: number): boolean => {
  const { from, to } = spanOf(group, end)
  return from <= seen.to && to >= seen.from
}

const hasFailed = ({ outcome, segments }: Group): boolean => outcome === 'bad' || segments.some(({ kind }) => kind === 'failed')

interface RowsProps {
  readonly groups: readonly Group[]
  readonly scale: TimeScale
  readonly seen: Span
  readonly end: number
  readonly cursor: number
  readonly openChild: string | undefined
  readonly under: ComponentChildren
}

const Rows = ({ groups, scale, seen, end, cursor, openChild, under }: RowsProps) => {
  const parent = openChild === undefined ? -1 : groups.findIndex(({ childRunId }) => childRunId === openChild)
  const child = useChildRows(parent < 0 ? undefined : openChild, groups[parent]?.to)
  const placed: Placed = { groups, parent, parts: parent < 0 ? [] : child.groups }
  const selected = groups.findLastIndex(({ from, to }) => from <= cursor && cursor <= to)
  const near = selected < 0 ? groups.findLastIndex(({ from }) => from <= cursor) : selected
  return (
    <>
      {child.error !== undefined && <ProblemCard error={child.error} />}
      <WindowList
        label="Timeline"
        count={groups.length + placed.parts.length}
        rowHeight={ROW_HEIGHT}
        under={under}
        selected={near < 0 ? undefined : near > parent ? near + placed.parts.length : near}
        row={(index) => {
          const { group, own } = groupAt(placed, index)
          if (group === undefined) return null
          const isPart = own === undefined
          return (
            <GroupRow
              key={`${isPart ? openChild : ''} ${group.key}`}
              group={group}
              scale={scale}
              seen={seen}
              end={isPart ? child.end : end}
              isSelected={own === selected}
              isAhead={!isPart && group.from > cursor}
              together={togetherOf(group, groupAt(placed, index - 1).group)}
              isOpen={own === parent}
              childRunId={isPart ? openChild : undefined}
            />
          )
        }}
      />
    </>
  )
}

/** Rows of a run, and below the one of its child run that is open those of the child. */
interface Placed {
  readonly groups: readonly Group[]
  readonly parent: number
  readonly parts: readonly Group[]
}

/** `own`: where it stands among the rows of the run; undefined for one of its child. */
const groupAt = (
  { groups, parent, parts }: Placed,
  index: number,
): { readonly group: Group | undefined; readonly own: number | undefined } => {
  const part = index - parent - 1
  if (parts.length > 0 && part >= 0 && part < parts.length) return { group: parts[part], own: undefined }
  const own = part < 0 ? index : index - parts.length
  return { group: groups[own], own }
}

const togetherOf = ({ asked }: Group, before: Group | undefined): 'first' | 'more' | undefined => {
  if (asked === undefined || asked.count < 2) return undefined
  return before?.asked?.by === asked.by ? 'more' : 'first'
}

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
