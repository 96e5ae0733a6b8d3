import type { ComponentChildren } from 'preact'
import { useMemo } from 'preact/hooks'
import { ProblemCard } from '../parts/problem-card.tsx'
import { WindowList } from '../parts/window-list.tsx'
import { openChildren, useChildRows, type ChildRows } from './child-rows.ts'
import { GroupRow } from './group-row.tsx'
import type { Span } from './span.ts'
import type { TimeScale } from './time-scale.ts'
import type { Group } from './timeline.ts'

const ROW_HEIGHT = 26

interface TimelineRowsProps {
  readonly groups: readonly Group[]
  readonly scale: TimeScale
  readonly seen: Span
  readonly end: number
  readonly cursor: number
  /** Of the address: child runs whose rows are shown. */
  readonly open: string | undefined
  readonly under: ComponentChildren
}

/** Rows of a run, and below those of its child runs that are open the rows of the child. */
export const TimelineRows = ({ groups, scale, seen, end, cursor, open, under }: TimelineRowsProps) => {
  const parents = useMemo(() => parentsOf(groups, openChildren(open)), [groups, open])
  const children = useChildRows(parents)
  const rows = useMemo(() => placed(groups, parents, children), [groups, parents, children])
  const selected = groups.findLastIndex(({ from, to }) => from <= cursor && cursor <= to)
  const near = selected < 0 ? groups.findLastIndex(({ from }) => from <= cursor) : selected
  return (
    <>
      {parents.map(({ childRunId }) => {
        const error = children.get(childRunId)?.error
        return error === undefined ? null : <ProblemCard key={childRunId} error={error} />
      })}
      <WindowList
        label="Timeline"
        count={rows.length}
        rowHeight={ROW_HEIGHT}
        under={under}
        selected={near < 0 ? undefined : parents.length === 0 ? near : rows.findIndex(({ own }) => own === near)}
        row={(index) => {
          const row = rows[index]
          if (row === undefined) return null
          const { group, own, child } = row
          return (
            <GroupRow
              key={`${child?.runId ?? ''} ${group.key}`}
              group={group}
              scale={scale}
              seen={seen}
              end={child?.end ?? end}
              isSelected={own !== undefined && own === selected}
              isAhead={child === undefined && group.from > cursor}
              together={togetherOf(row, rows[index - 1])}
              isOpen={own !== undefined && parents.some(({ at }) => at === own)}
              childRunId={child?.runId}
            />
          )
        }}
      />
    </>
  )
}

interface Parent {
  readonly childRunId: string
  /** Where its row stands among those of the run. */
  readonly at: number
  /** Its newest event. */
  readonly to: number
}

const parentsOf = (groups: readonly Group[], open: readonly string[]): readonly Parent[] =>
  open.flatMap((childRunId) => {
    const at = groups.findIndex((group) => group.childRunId === childRunId)
    const group = groups[at]
    return group === undefined ? [] : [{ childRunId, at, to: group.to }]
  })

interface Placed {
  readonly group: Group
  /** Where it stands among the rows of the run; undefined for one of a child. */
  readonly own: number | undefined
  readonly child: { readonly runId: string; readonly end: number } | undefined
}

const placed = (groups: readonly Group[], parents: readonly Parent[], children: ReadonlyMap<string, ChildRows>): readonly Placed[] => {
  const openAt = new Map(parents.map(({ at, childRunId }) => [at, childRunId]))
  return groups.flatMap((group, own) => {
    const runId = openAt.get(own)
    const { groups: parts = [], end = 0 } = (runId === undefined ? undefined : children.get(runId)) ?? {}
    const child = runId === undefined ? undefined : { runId, end }
    return [{ group, own, child: undefined }, ...parts.map((part) => ({ group: part, own: undefined, child }))]
  })
}

/** Of the same run, beside each other. */
const togetherOf = ({ group: { asked }, child }: Placed, before: Placed | undefined): 'first' | 'more' | undefined => {
  if (asked === undefined || asked.count < 2) return undefined
  return before?.child?.runId === child?.runId && before?.group.asked?.by === asked.by ? 'more' : 'first'
}
