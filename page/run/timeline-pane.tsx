import { useSelector } from '@xstate/store-preact'
import { useMemo } from 'preact/hooks'
import { duration, money } from '../../src/projections/amount-text.ts'
import { visibleText } from '../../src/text.ts'
import { Link } from '../address/link.tsx'
import { memo } from '../parts/memo.tsx'
import { WindowList } from '../parts/window-list.tsx'
import { runHref } from '../runs/run-row.tsx'
import { moveTo } from './cursor.ts'
import { openRun } from './run-store.ts'
import { Source } from './source.tsx'
import { timeScale, type TimeScale } from './time-scale.ts'
import { timelineOf, type Group, type Segment } from './timeline.ts'

const ROW_HEIGHT = 26
const SIGNS: Readonly<Record<Group['kind'], string>> = {
  message: '✉',
  model: '◇',
  tool: '⚙',
  child: '↳',
  timer: '◷',
  question: '?',
  person: '☻',
  pause: '‖',
  run: '•',
}

/** All groups of the run; those that begin behind the cursor are paler. */
export const TimelinePane = ({ cursor, onlyFailed }: { readonly cursor: number; readonly onlyFailed: boolean }) => {
  const rows = useSelector(openRun, ({ context }) => context.rows)
  const all = useMemo(() => timelineOf(rows), [rows])
  const groups = useMemo(() => (onlyFailed ? all.filter(hasFailed) : all), [all, onlyFailed])
  const [begin, end] = [rows[0]?.at ?? 0, rows.at(-1)?.at ?? 0]
  const scale = useMemo(() => timeScale(all, begin, end), [all, begin, end])
  const at = rows[cursor]?.at ?? end
  const selected = groups.findLastIndex(({ from, to }) => from <= cursor && cursor <= to)
  return (
    <div class={rows[0]?.forkOf === undefined ? 'timeline' : 'timeline of-fork'}>
      {groups.length === 0 && <p class="faint">{onlyFailed ? 'Nothing has failed.' : 'Nothing has happened yet.'}</p>}
      <WindowList
        label="Timeline"
        count={groups.length}
        rowHeight={ROW_HEIGHT}
        under={
          <div class="group under" aria-hidden="true">
            <span class="bars">
              <span class="cursor" style={{ left: percent(scale.of(at)) }} />
            </span>
          </div>
        }
        selected={selected < 0 ? undefined : selected}
        row={(index) => {
          const group = groups[index]
          return group === undefined ? null : (
            <GroupRow key={group.key} group={group} scale={scale} end={end} isSelected={index === selected} isAhead={group.from > cursor} />
          )
        }}
      />
    </div>
  )
}

const hasFailed = ({ outcome, segments }: Group): boolean => outcome === 'bad' || segments.some(({ kind }) => kind === 'failed')

interface GroupRowProps {
  readonly group: Group
  readonly scale: TimeScale
  readonly end: number
  readonly isSelected: boolean
  readonly isAhead: boolean
}

const GroupRow = memo(({ group, scale, end, isSelected, isAhead }: GroupRowProps) => (
  <div class={`group ${isSelected ? 'selected' : ''} ${isAhead ? 'ahead' : ''}`} role="listitem">
    <button
      type="button"
      class="plain"
      onClick={() => {
        moveTo(group.to)
      }}
    >
      <span aria-hidden="true">{SIGNS[group.kind]}</span> {visibleText(group.label)}
      {group.attempts > 1 && <span class="faint"> attempt {group.attempts}</span>}
    </button>
    <span class="where-from">
      <Source source={group.source} />
    </span>
    <span class="bars">
      {group.segments.map((segment, index) => (
        <Bar key={index} segment={segment} scale={scale} end={end} />
      ))}
    </span>
    <span class="number faint">
      {wordsOf(group, end)}
      {group.childRunId !== undefined && <Link to={runHref(group.childRunId)}>open</Link>}
    </span>
  </div>
))

const percent = (share: number): string => `${(share * 100).toFixed(2)}%`

const Bar = ({
  segment: { kind, from, to },
  scale,
  end,
}: {
  readonly segment: Segment
  readonly scale: TimeScale
  readonly end: number
}) => {
  const [left, right] = [scale.of(from), scale.of(to ?? end)]
  const words = `${WORDS[kind]} ${to === undefined ? 'since' : 'for'} ${duration((to ?? end) - from)}`
  return <span class={`bar ${kind}`} title={words} style={{ left: percent(left), width: percent(right - left) }} />
}

const WORDS: Readonly<Record<Segment['kind'], string>> = {
  runs: 'ran',
  checks: 'was checked',
  waits: 'waited for somebody',
  failed: 'ran and failed',
  pause: 'waited for its time',
}

const wordsOf = ({ segments, costMicroUsd, outcome }: Group, end: number): string => {
  const [first, last] = [segments[0], segments.at(-1)]
  const took = first === undefined || last === undefined ? '' : duration((last.to ?? end) - first.from)
  return [outcome === 'bad' ? '✗' : outcome === 'open' ? '…' : '', took, costMicroUsd > 0 ? money(costMicroUsd) : '']
    .filter((word) => word !== '')
    .join(' ')
}
