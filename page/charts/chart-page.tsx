import { useMemo, useRef } from 'preact/hooks'
import { hrefOf, setQuery, type Query } from '../address/address.ts'
import { Link } from '../address/link.tsx'
import { ProblemCard } from '../parts/problem-card.tsx'
import { SqlLink } from '../parts/sql-link.tsx'
import { RangePicker } from '../parts/range-picker.tsx'
import { rangeOf, type Range } from '../parts/range.ts'
import { shortText } from '../parts/short-text.ts'
import { useChart } from '../run/use-chart.ts'
import { forgetAnswers, useAnswer } from '../server/answers.ts'
import type { Chart, ChartGraph, StateRow, StepRow, VersionRow, ViewPage } from '../server/contract.ts'
import { nameAndVersion, stateHref, stepHref } from './chart-links.ts'
import { saveCsv, saveMermaid, saveSvg } from './exports.ts'
import { HeatPicture } from './heat-picture.tsx'
import { heatOf } from './heat.ts'
import { measures, measureTexts, numbersOf, type ChartNumbers } from './numbers.ts'
import { NumbersTables } from './numbers-table.tsx'

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
  const own = useNumbers({ agent, of, range, chart })
  const vs = query['vs']
  const other = useNumbers({ agent: vs, of, range, chart })
  const failure = error ?? own.error ?? other.error
  return (
    <section class="figures">
      <h1>
        <Link to="/charts">Charts</Link> › {shortText(agent)}
      </h1>
      <Choices agent={agent} query={query} range={range} />
      {failure !== undefined && <ProblemCard error={failure} retry={forgetAnswers} />}
      {isAway && (
        <p class="faint">The code of {shortText(agent)} is not here, so its chart cannot be drawn: the view chart-steps has its figures.</p>
      )}
      {failure === undefined && !isAway && (
        <Figures chart={chart} agent={agent} query={query} range={range} own={own} before={vs === undefined ? NOTHING : other} />
      )}
    </section>
  )
}

interface Asked {
  readonly agent: string | undefined
  readonly of: 'run' | 'toolCall'
  readonly range: Range
  readonly chart: Chart | undefined
}

const useNumbers = ({ agent, of, range, chart }: Asked) => {
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
  const steps = useAnswer<ViewPage<StepRow>>(path('chart-steps'))
  const states = useAnswer<ViewPage<StateRow>>(path('chart-states'))
  const numbers = useMemo(() => {
    if (chart === undefined || steps.value === undefined || states.value === undefined) return undefined
    const ofChart = (row: { readonly chart: string }): boolean => row.chart === of
    return numbersOf(chart.graph, steps.value.rows.filter(ofChart), states.value.rows.filter(ofChart))
  }, [chart, steps.value, states.value, of])
  const isCut = [steps, states].some(({ value }) => value !== undefined && value.next !== null)
  return { numbers, error: steps.error ?? states.error, sql: states.value?.sql, isCut }
}

const Choices = ({ agent, query, range }: ChartPageProps & { readonly range: Range }) => {
  const [name] = nameAndVersion(agent)
  const versions = useAnswer<ViewPage<VersionRow>>(hrefOf('/v1/views/versions', { agent: name, limit: '1000' })).value?.rows ?? []
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
  readonly range: Range
  readonly own: ReturnType<typeof useNumbers>
  readonly before: ReturnType<typeof useNumbers> | typeof NOTHING
}

const Figures = ({ chart, own: { numbers, ...own }, before, ...of }: FiguresProps) => {
  const other = before === NOTHING ? undefined : before.numbers
  if (chart === undefined || numbers === undefined || (before !== NOTHING && other === undefined))
    return <p class="loading faint">Loading …</p>
  return <Drawn chart={chart} numbers={numbers} before={other} {...own} {...of} />
}

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
        {isCut && ' There are more steps than are shown here.'}
      </p>
      <Exports name={`${agent}.${graph.id}`.replace(/[^\w.@-]+/g, '_')} graph={graph} numbers={numbers} sql={sql} pictureIn={box} />
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
