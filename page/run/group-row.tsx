import { duration, money } from '../../src/projections/amount-text.ts'
import { visibleText } from '../../src/text.ts'
import { hrefOf } from '../address/address.ts'
import { Link } from '../address/link.tsx'
import { memo } from '../parts/memo.tsx'
import { runHref } from '../runs/run-row.tsx'
import { toggleChild } from './child-rows.ts'
import { moveTo } from './cursor.ts'
import { percent, percentWithin } from './percent.ts'
import { Source } from './source.tsx'
import type { Span } from './span.ts'
import type { TimeScale } from './time-scale.ts'
import type { Group, Segment } from './timeline.ts'

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

interface GroupRowProps {
  readonly group: Group
  readonly scale: TimeScale
  readonly seen: Span
  /** The time up to which the run of the row is known. */
  readonly end: number
  readonly isSelected: boolean
  readonly isAhead: boolean
  /** The first of several calls that one answer has asked for, or one of the others. */
  readonly together: 'first' | 'more' | undefined
  /** The rows of its child run stand below it. */
  readonly isOpen: boolean
  /** Of a child run: whose row it is. */
  readonly childRunId: string | undefined
}

export const GroupRow = memo((props: GroupRowProps) => {
  const { group, scale, seen, end, isSelected, isAhead, together, isOpen, childRunId } = props
  const isPart = childRunId !== undefined
  const kinds = [
    isSelected && 'selected',
    isAhead && 'ahead',
    together !== undefined && 'together',
    isPart && 'part',
    group.isCritical && 'critical',
  ]
  return (
    <div class={`group ${kinds.filter((kind) => kind !== false).join(' ')}`} role="listitem">
      <span class="name">
        {group.childRunId !== undefined && !isPart && <RowsOfChild runId={group.childRunId} isOpen={isOpen} />}
        <Name group={group} childRunId={childRunId} count={together === 'first' ? group.asked?.count : undefined} />
      </span>
      <span class="where-from">
        <Source source={group.source} />
      </span>
      <span class="bars">
        {group.segments.map((segment, index) => (
          <Bar key={index} segment={segment} scale={scale} seen={seen} end={end} isCritical={group.isCritical} />
        ))}
      </span>
      <span class="number faint">
        {wordsOf(group, end)} {group.childRunId !== undefined && <Link to={runHref(group.childRunId)}>open</Link>}
      </span>
    </div>
  )
})

interface NameProps {
  readonly group: Group
  readonly childRunId: string | undefined
  readonly count: number | undefined
}

/** Leads to its newest event, be that one of another run. */
const Name = ({ group, childRunId, count }: NameProps) => {
  const words = (
    <>
      {count !== undefined && (
        <span class="count-together" title={`${count} calls that one answer has asked for`}>
          ∥ {count}
        </span>
      )}
      <span aria-hidden="true">{SIGNS[group.kind]}</span> {visibleText(group.label)}
      {group.attempts > 1 && (
        <span class="faint" title={`attempt ${group.attempts}`}>
          {' '}
          × {group.attempts}
        </span>
      )}
    </>
  )
  if (childRunId !== undefined) return <Link to={hrefOf(runHref(childRunId), { at: String(group.to) })}>{words}</Link>
  return (
    <button
      type="button"
      class="plain"
      onClick={() => {
        moveTo(group.to)
      }}
    >
      {words}
    </button>
  )
}

const RowsOfChild = ({ runId, isOpen }: { readonly runId: string; readonly isOpen: boolean }) => (
  <button
    type="button"
    class="plain"
    aria-expanded={isOpen}
    aria-label={`Rows of ${visibleText(runId)}`}
    onClick={() => {
      toggleChild(runId)
    }}
  >
    {isOpen ? '▾' : '▸'}
  </button>
)

interface BarProps {
  readonly segment: Segment
  readonly scale: TimeScale
  readonly seen: Span
  readonly end: number
  readonly isCritical: boolean
}

const Bar = ({ segment: { kind, from, to }, scale, seen, end, isCritical }: BarProps) => {
  const until = to ?? end
  if (until < seen.from || from > seen.to) return null
  const [left, right] = [scale.of(from), scale.of(until)]
  const words = `${WORDS[kind]} ${to === undefined ? 'since' : 'for'} ${duration(until - from)}${isCritical ? ', on the critical path' : ''}`
  return <span class={`bar ${kind}`} title={words} style={{ left: percentWithin(left, 3), width: percent(right - left) }} />
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
