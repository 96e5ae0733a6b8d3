import { useSelector } from '@xstate/store-preact'
import type { ComponentChildren } from 'preact'
import { useEffect, useMemo } from 'preact/hooks'
import { duration } from '../../src/projections/amount-text.ts'
import { visibleText } from '../../src/text.ts'
import { setQuery } from '../address/address.ts'
import { memo } from '../parts/memo.tsx'
import { ProblemCard } from '../parts/problem-card.tsx'
import { WindowList } from '../parts/window-list.tsx'
import { percent, percentWithin } from './percent.ts'
import type { Span } from './span.ts'
import { SpanDetail } from './span-detail.tsx'
import { kindOf, rowAt, spanRows, type SpanKind, type SpanRow } from './spans.ts'
import type { TimeScale } from './time-scale.ts'
import { loadSpans, trace } from './trace-store.ts'

const ROW_HEIGHT = 26
/** What happens at once is asked for once. */
const ASKED_AFTER_MS = 300

interface SpanRowsProps {
  readonly runId: string
  /** Of the run, as far as it is here. */
  readonly events: number
  readonly scale: TimeScale
  readonly seen: Span
  readonly cursor: number
  readonly chosen: string | undefined
  readonly onlyFailed: boolean
  readonly under: ComponentChildren
}

/** The spans of the run in the time that is shown, as a back end of traces shows them. */
export const SpanRows = ({ runId, events, scale, seen, cursor, chosen, onlyFailed, under }: SpanRowsProps) => {
  const { ended, open, isWhole, error, runId: shown } = useSelector(trace, ({ context }) => context)
  useSpans(runId, events)
  const all = useMemo(() => (shown === runId ? spanRows(ended, open) : []), [shown === runId, ended, open])
  const rows = useMemo(
    () => all.filter(({ span }) => span.startMs <= seen.to && span.endMs >= seen.from && (!onlyFailed || span.error !== undefined)),
    [all, seen, onlyFailed],
  )
  const selected = rowAt(rows, cursor, chosen)
  const detail = rows[selected]
  return (
    <>
      {error !== undefined && <ProblemCard error={error} />}
      {rows.length === 0 && <p class="faint">{wordsFor(isWhole, onlyFailed)}</p>}
      <WindowList
        label="Spans"
        count={rows.length}
        rowHeight={ROW_HEIGHT}
        under={under}
        selected={selected < 0 ? undefined : selected}
        row={(index) => {
          const row = rows[index]
          if (row === undefined) return null
          const { span, isOpen } = row
          return (
            <Row
              key={`${span.spanId}${isOpen ? ' open' : ''}`}
              row={row}
              scale={scale}
              seen={seen}
              isSelected={index === selected}
              isAhead={span.revision > cursor}
            />
          )
        }}
      />
      {detail !== undefined && <SpanDetail runId={runId} row={detail} />}
    </>
  )
}

const wordsFor = (isWhole: boolean, onlyFailed: boolean): string => {
  if (!isWhole) return 'Spans are on their way.'
  return onlyFailed ? 'No span has failed in this time.' : 'No span lies in this time.'
}

const useSpans = (runId: string, events: number): void => {
  useEffect(() => {
    const controller = new AbortController()
    const isFirst = trace.getSnapshot().context.runId !== runId
    const timer = setTimeout(() => void loadSpans(runId, controller.signal), isFirst ? 0 : ASKED_AFTER_MS)
    return () => {
      clearTimeout(timer)
      controller.abort()
    }
  }, [runId, events])
}

const SIGNS: Readonly<Record<SpanKind, string>> = { turn: '▣', model: '◇', tool: '⚙', guardrail: '⛨', person: '☻', pause: '‖' }

interface RowProps {
  readonly row: SpanRow
  readonly scale: TimeScale
  readonly seen: Span
  readonly isSelected: boolean
  readonly isAhead: boolean
}

const Row = memo(({ row: { span, depth, isOpen }, scale, seen, isSelected, isAhead }: RowProps) => {
  const kind = kindOf(span)
  const [from, to] = [Math.max(span.startMs, seen.from), Math.min(span.endMs, seen.to)]
  const took = duration(span.endMs - span.startMs)
  return (
    <div class={`group critical${isSelected ? ' selected' : ''}${isAhead ? ' ahead' : ''}`} role="listitem">
      <span class="name" style={{ paddingLeft: `${Math.min(depth, 8) * 10}px` }}>
        <button
          type="button"
          class="plain"
          aria-current={isSelected ? 'true' : undefined}
          onClick={() => {
            setQuery({ at: String(span.revision), span: span.spanId })
          }}
        >
          <span aria-hidden="true">{SIGNS[kind]}</span> {visibleText(span.name)}
        </button>
      </span>
      <span class="where-from" />
      <span class="bars">
        <span
          class={`bar span-${kind}${span.error === undefined ? '' : ' failed'}`}
          title={`${took}${isOpen ? ' so far' : ''}`}
          style={{ left: percentWithin(scale.of(from), 3), width: percent(scale.of(to) - scale.of(from)) }}
        />
      </span>
      <span class="number faint" title={span.error === undefined ? undefined : visibleText(span.error)}>
        {span.error !== undefined && '✗ '}
        {isOpen && '… '}
        {took}
      </span>
    </div>
  )
})
