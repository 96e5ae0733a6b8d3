import { useSelector } from '@xstate/store-preact'
import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import { address, setQuery, type Query } from '../address/address.ts'
import { OpenFork } from '../fork/open-fork.tsx'
import { Guarded } from '../frame/guarded.tsx'
import { useKeys } from '../keys/keys.ts'
import { memo } from '../parts/memo.tsx'
import { ProblemCard } from '../parts/problem-card.tsx'
import { screen } from '../parts/screen.ts'
import { BudgetsPane } from './budgets-pane.tsx'
import { CallsPane } from './calls-pane.tsx'
import { ChartPane } from './chart-pane.tsx'
import { CheckBar } from './check-bar.tsx'
import { Columns } from './columns.tsx'
import { cursorOf } from './cursor.ts'
import { DetailPane } from './detail-pane.tsx'
import { RunHeader } from './run-header.tsx'
import { FindBar } from './find-bar.tsx'
import { runActions } from './run-keys.ts'
import { followRun, openRun, type OpenRun } from './run-store.ts'
import { Slider } from './slider.tsx'
import { TimelinePane } from './timeline-pane.tsx'
import { TranscriptPane } from './transcript-pane.tsx'
import { WorkPane } from './work-pane.tsx'

const panes = ['chart', 'calls', 'timeline', 'transcript', 'detail', 'budgets', 'work'] as const
type PaneName = (typeof panes)[number]

/** A run: one cursor, and panes that all show what was at it. */
export const RunPage = memo(({ runId }: { readonly runId: string }) => {
  const query = useSelector(address, ({ context }) => context.query)
  const run = useSelector(openRun, ({ context }) => context)
  useEffect(() => {
    const controller = new AbortController()
    void followRun(runId, controller.signal)
    return () => {
      controller.abort()
    }
  }, [runId])
  useKeys(runActions)
  const isThis = run.runId === runId
  const cursor = cursorOf(query['at'], run.rows.length)
  return (
    <div class="run">
      <RunHeader runId={runId} row={isThis ? run.row : undefined} newest={isThis ? run.states.at(-1) : undefined} />
      {isThis && run.error !== undefined && <ProblemCard error={run.error} />}
      {isThis && run.rows.length > 0 && <FindBar words={query['find']} cursor={cursor} />}
      {isThis && <CheckBar runId={runId} cursor={cursor} state={run.states[cursor]} />}
      {isThis && run.rows.length > 0 && <Panes run={run} query={query} cursor={cursor} />}
      {isThis && run.rows.length > 0 && <Slider cursor={cursor} isLive={query['at'] === undefined} />}
      <OpenFork />
    </div>
  )
})

interface PanesProps {
  readonly run: OpenRun
  readonly query: Query
  readonly cursor: number
}

const Panes = ({ run, query, cursor }: PanesProps) => {
  const isNarrow = useSelector(screen, ({ context }) => context.isNarrow)
  const shown = panes.find((name) => name === query['pane']) ?? 'chart'
  if (isNarrow) {
    return (
      <>
        <PaneOf name={shown} run={run} query={query} cursor={cursor} />
        <nav class="pane-names" aria-label="Panes">
          {panes.map((name) => (
            <button
              key={name}
              type="button"
              class="plain"
              aria-pressed={name === shown}
              onClick={() => {
                setQuery({ pane: name })
              }}
            >
              {NAMES[name]}
            </button>
          ))}
        </nav>
      </>
    )
  }
  return (
    <Columns
      columns={COLUMNS.map((names) => names.map((name) => <PaneOf key={name} name={name} run={run} query={query} cursor={cursor} />))}
    />
  )
}

const COLUMNS: readonly (readonly PaneName[])[] = [
  ['chart', 'calls'],
  ['timeline', 'transcript'],
  ['detail', 'budgets', 'work'],
]

const NAMES: Readonly<Record<PaneName, string>> = {
  chart: 'Chart',
  calls: 'Tool calls',
  timeline: 'Timeline',
  transcript: 'Transcript',
  detail: 'Event',
  budgets: 'Budgets',
  work: 'Open work',
}

const PaneOf = ({ name, run, query, cursor }: PanesProps & { readonly name: PaneName }) => (
  <section class={`pane pane-${name}`} aria-labelledby={`pane-${name}`} id={name} tabIndex={-1}>
    <header>
      <h2 id={`pane-${name}`}>{NAMES[name]}</h2>
      {name === 'chart' && <Switch query={query} name="chart" value="full" text="full" />}
      {name === 'timeline' && <Switch query={query} name="idle" value="shown" text="idle time" />}
      {name === 'timeline' && <Switch query={query} name="rows" value="spans" text="spans" />}
      {name === 'timeline' && <Switch query={query} name="view" value="failed" text="failed only" />}
      {name === 'transcript' && <Switch query={query} name="said" value="markdown" text="Markdown" />}
    </header>
    <Guarded>{contentOf(name, run, query, cursor)}</Guarded>
  </section>
)

const Switch = ({
  query,
  name,
  value,
  text,
}: {
  readonly query: Query
  readonly name: string
  readonly value: string
  readonly text: string
}) => (
  <label>
    <input
      type="checkbox"
      checked={query[name] === value}
      onChange={({ currentTarget }) => {
        setQuery({ [name]: currentTarget.checked ? value : undefined })
      }}
    />{' '}
    {text}
  </label>
)

const contentOf = (name: PaneName, { runId, rows, states }: OpenRun, query: Query, cursor: number): ComponentChildren => {
  const [row, state, before] = [rows[cursor], states[cursor], states[cursor - 1]]
  if (row === undefined || state === undefined) return null
  switch (name) {
    case 'chart':
      return (
        <ChartPane
          agent={state.agent}
          of="run"
          place={state.place}
          placeBefore={before?.place ?? ''}
          type={row.type}
          isFull={query['chart'] === 'full'}
          isFitted={query['zoom'] === 'fit'}
        />
      )
    case 'calls':
      return <CallsPane state={state} before={before} row={row} open={query['call']} />
    case 'timeline':
      return <TimelinePane cursor={cursor} query={query} />
    case 'transcript':
      return <TranscriptPane runId={runId} cursor={cursor} asMarkdown={query['said'] === 'markdown'} />
    case 'detail':
      return <DetailPane runId={runId} row={row} state={state} before={before} />
    case 'budgets':
      return <BudgetsPane state={state} at={row.at} />
    case 'work':
      return <WorkPane state={state} at={row.at} isLive={query['at'] === undefined} />
  }
}
