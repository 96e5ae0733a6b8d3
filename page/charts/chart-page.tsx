import { useMemo, useRef } from 'preact/hooks'
import { hrefOf, setQuery, type Query } from '../address/address.ts'
import { Link } from '../address/link.tsx'
import { ProblemCard } from '../parts/problem-card.tsx'
import { SqlLink } from '../parts/sql-link.tsx'
import { RangePicker } from '../parts/range-picker.tsx'
import { rangeOf, type Range } from '../parts/range.ts'
import { shortText } from '../parts/short-text.ts'
import { useChart } from '../run/use-chart.ts'
import { forgetAnswers, useRows } from '../server/answers.ts'
import type { Chart, ChartGraph, StateRow, StepRow, VersionRow } from '../server/contract.ts'
import { nameAndVersion, stateHref, stepHref } from './chart-links.ts'
import { saveCsv, saveMermaid, saveSvg } from './exports.ts'
import { HeatPicture } from './heat-picture.tsx'
import { heatOf } from './heat.ts'
import { measures, measureTexts, numbersOf, type ChartNumbers } from './numbers.ts'
import { NumbersTables } from './numbers-table.tsx'
import { recordedNumbers, type NumberedGraph } from './recorded-numbers.ts'

const USUAL_RANGE = '7d'

interface ChartPageProps {
  /** `name@version` */
  readonly agent: string
  readonly query: Query
}

/** One chart with what it has done in production. */
export const ChartPage = ({ agent, query }: ChartPageProps) => {
  const of = query['of'] === 'toolCall' ? 'toolCall' : 'run'
  const now = useMemo(() => Date.now(), [query['since'], query['until']])
  const range = rangeOf({ since: USUAL_RANGE, ...query }, now)
  const { chart, isAway, error } = useChart(agent, of)
  const own = useRecord({ agent, of, range })
  const vs = query['vs']
  const other = useRecord({ agent: vs, of, range })
  const failure = error ?? own.error ?? other.error
  return (
    <section class="figures">
      <h1>
        <Link to="/charts">Charts</Link> › {shortText(agent)}
      </h1>
      <Choices agent={agent} query={query} range={range} />
      {failure !== undefined && <ProblemCard error={failure} retry={forgetAnswers} />}
      {isAway && (
        <p class="faint">
          The code of {shortText(agent)} is not here, so its chart cannot be drawn: these are the states and ways that are in its record.
        </p>
      )}
      {failure === undefined && (
        <Figures
          chart={chart}
          isAway={isAway}
          agent={agent}
          query={query}
          range={range}
          own={own}
          before={vs === undefined ? NOTHING : other}
        />
      )}
    </section>
  )
}

interface Asked {
  readonly agent: string | undefined
  readonly of: 'run' | 'toolCall'
  readonly range: Range
}

interface Rows {
  readonly steps: readonly StepRow[]
  readonly states: readonly StateRow[]
}

/** What the charts of an agent's version have done. */
const useRecord = ({ agent, of, range }: Asked) => {
  const path = (view: string): string | undefined => {
    if (agent === undefined) return undefined
    const [name, agentVersion] = nameAndVersion(agent)
    const { since, until } = range
    return hrefOf(`/v1/views/${view}`, {
      agent: name,
      agentVersion,
      since: since?.toString(),
      until: until?.toString(),
      limit: '1000',
      sql: 'true',
    })
  }
  const steps = useRows<StepRow>(path('chart-steps'))
  const states = useRows<StateRow>(path('chart-states'))
  const rows = useMemo((): Rows | undefined => {
    if (steps.value === undefined || states.value === undefined) return undefined
    const ofChart = (row: { readonly chart: string }): boolean => row.chart === of
    return { steps: steps.value.rows.filter(ofChart), states: states.value.rows.filter(ofChart) }
  }, [steps.value, states.value, of])
  const isCut = [steps, states].some(({ value }) => value !== undefined && value.next !== null)
  return { rows, error: steps.error ?? states.error, sql: states.value?.sql, isCut }
}

const Choices = ({ agent, query, range }: ChartPageProps & { readonly range: Range }) => {
  const [name] = nameAndVersion(agent)
  const versions = useRows<VersionRow>(hrefOf('/v1/views/versions', { agent: name, limit: '1000' })).value?.rows ?? []
  const others = versions.map(({ agentVersion }) => `${name}@${agentVersion}`).filter((id) => id !== agent)
  const vs = query['vs']
  return (
    <div class="choices">
      <label>
        Heat{' '}
        <select
          aria-label="Heat"
          value={query['by'] ?? 'count'}
          onChange={({ currentTarget: { value } }) => {
            setQuery({ by: value === 'count' ? undefined : value })
          }}
        >
          {measures.map((measure) => (
            <option key={measure} value={measure}>
              {measureTexts[measure]}
            </option>
          ))}
        </select>
      </label>
      <label>
        Chart{' '}
        <select
          aria-label="Chart"
          value={query['of'] ?? 'run'}
          onChange={({ currentTarget: { value } }) => {
            setQuery({ of: value === 'run' ? undefined : value })
          }}
        >
          <option value="run">of the runs</option>
          <option value="toolCall">of their tool calls</option>
        </select>
      </label>
      <label>
        Compared with{' '}
        <select
          aria-label="Compared with"
          value={vs ?? ''}
          onChange={({ currentTarget: { value } }) => {
            setQuery({ vs: value === '' ? undefined : value })
          }}
        >
          <option value="">nothing</option>
          {[...new Set([...others, ...(vs === undefined ? [] : [vs])])].map((id) => (
            <option key={id} value={id}>
              {shortText(id)}
            </option>
          ))}
        </select>
      </label>
      <RangePicker query={query} range={range} usual={USUAL_RANGE} />
    </div>
  )
}

/** Of no other version. */
const NOTHING = 'nothing'

interface FiguresProps extends ChartPageProps {
  readonly chart: Chart | undefined
  /** Nobody here has its code. */
  readonly isAway: boolean
  readonly range: Range
  readonly own: ReturnType<typeof useRecord>
  readonly before: ReturnType<typeof useRecord> | typeof NOTHING
}

const Figures = ({ chart, isAway, own: { rows, ...own }, before, ...of }: FiguresProps) => {
  const other = before === NOTHING ? undefined : before.rows
  const graph = chart?.graph
  const known = useMemo(() => {
    if (rows === undefined || (graph === undefined && !isAway)) return undefined
    const numbersIn = ({ steps, states }: Rows) =>
      graph === undefined ? recordedNumbers(steps, states) : { graph, numbers: numbersOf(graph, steps, states) }
    return { ...numbersIn(rows), before: other === undefined ? undefined : numbersIn(other).numbers }
  }, [rows, other, graph, isAway])
  if (known === undefined || (before !== NOTHING && other === undefined)) return <p class="loading faint">Loading …</p>
  if (chart !== undefined) return <Drawn chart={chart} {...known} {...own} {...of} />
  return <Recorded {...known} {...own} {...of} />
}

type RecordedProps = Omit<DrawnProps, 'chart'> & { readonly graph: NumberedGraph }

/** The tables alone. */
const Recorded = ({ graph, agent, numbers, before, range: { since }, sql, isCut }: RecordedProps) => (
  <>
    {isCut && <p>{CUT}</p>}
    <div class="exports">
      Save as{' '}
      <button
        type="button"
        onClick={() => {
          saveCsv(fileName(agent, 'record'), graph, numbers)
        }}
      >
        CSV
      </button>
      <SqlLink sql={sql} of="These figures" />
    </div>
    <NumbersTables graph={graph} numbers={numbers} before={before} agent={agent} since={since} />
  </>
)

const CUT = 'There are more steps than are shown here: choose a shorter time, or ask in SQL.'

const LONGEST_NAME = 100

/** Of this page's making, whatever the agent is called. */
const fileName = (agent: string, of: string): string => `${agent}.${of}`.replace(/[^\w.@-]+/g, '_').slice(0, LONGEST_NAME)

interface DrawnProps extends ChartPageProps {
  readonly chart: Chart
  readonly range: Range
  readonly numbers: ChartNumbers
  readonly before: ChartNumbers | undefined
  readonly sql: string | undefined
  readonly isCut: boolean
}

const Drawn = ({ chart, agent, query, range: { since }, numbers, before, sql, isCut }: DrawnProps) => {
  const { graph } = chart
  const measure = measures.find((each) => each === query['by']) ?? 'count'
  const heat = useMemo(() => heatOf(numbers, before, measure), [numbers, before, measure])
  const box = useRef<HTMLDivElement>(null)
  const hrefOfFigure = (id: string): string | undefined => {
    if (numbers.states.has(id)) return stateHref({ agent, since }, graph, id)
    const [step] = numbers.edges.get(id)?.steps ?? []
    return step === undefined ? undefined : stepHref({ agent, since }, step)
  }
  const taken = [...numbers.edges.values()].filter(({ count }) => count > 0).length
  return (
    <>
      <p>
        {taken} of {numbers.edges.size} ways were taken{before === undefined ? '' : `, compared with ${shortText(query['vs'] ?? '')}`}. A
        number leads to its runs.
        {isCut && ` ${CUT}`}
      </p>
      <Exports name={fileName(agent, graph.id)} graph={graph} numbers={numbers} sql={sql} pictureIn={box} />
      <div class="drawing" ref={box} tabIndex={0} role="group" aria-label="Chart, can be scrolled">
        <HeatPicture picture={chart.compact} name={graph.id} heat={heat} hrefOf={hrefOfFigure} />
      </div>
      <NumbersTables graph={graph} numbers={numbers} before={before} agent={agent} since={since} />
    </>
  )
}

interface ExportsProps {
  readonly name: string
  readonly graph: ChartGraph
  readonly numbers: ChartNumbers
  readonly sql: string | undefined
  readonly pictureIn: { readonly current: HTMLElement | null }
}

const Exports = ({ name, graph, numbers, sql, pictureIn }: ExportsProps) => (
  <div class="exports">
    Save as{' '}
    <button
      type="button"
      onClick={() => {
        const picture = pictureIn.current?.querySelector('svg') ?? null
        if (picture !== null) saveSvg(name, picture)
      }}
    >
      SVG
    </button>
    <button
      type="button"
      onClick={() => {
        saveMermaid(name, graph, numbers)
      }}
    >
      Mermaid
    </button>
    <button
      type="button"
      onClick={() => {
        saveCsv(name, graph, numbers)
      }}
    >
      CSV
    </button>
    <SqlLink sql={sql} of="These figures" />
  </div>
)
