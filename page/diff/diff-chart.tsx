import { useMemo } from 'preact/hooks'
import type { RunEvent } from '../../src/events/envelope.ts'
import { visibleText } from '../../src/text.ts'
import { HeatPicture } from '../charts/heat-picture.tsx'
import { ProblemCard } from '../parts/problem-card.tsx'
import { shortText } from '../parts/short-text.ts'
import { useChart } from '../run/use-chart.ts'
import type { Chart } from '../server/contract.ts'
import type { Compared } from './diff-store.ts'
import { pathsOf } from './diff-paths.ts'

const agentOf = (events: readonly RunEvent[]): string => events.at(-1)?.meta.agent ?? ''
const NONE: readonly RunEvent[] = []

/** Which way each of the two has gone, on the chart of both, or on two where theirs differ. */
export const DiffChart = ({ compared: { a, b } }: { readonly compared: Compared }) => {
  const [agentA, agentB] = [agentOf(a.events), agentOf(b.events)]
  const [left, right] = [useChart(agentA, 'run'), useChart(agentB, 'run')]
  const error = left.error ?? right.error
  const isKnown = [left, right].every(({ chart, isAway }) => chart !== undefined || isAway)
  const both = left.chart?.hash === right.chart?.hash ? left.chart : undefined
  return (
    <section class="paths">
      <h2>Ways on the chart</h2>
      <Legend />
      {error !== undefined && <ProblemCard error={error} />}
      {both !== undefined && <Paths chart={both} of="A and B" a={a.events} b={b.events} />}
      {!isKnown && error === undefined && <p class="loading faint">Loading …</p>}
      {isKnown && both === undefined && (
        <>
          <OneSide name="A" agent={agentA} known={left} a={a.events} b={NONE} />
          <OneSide name="B" agent={agentB} known={right} a={NONE} b={b.events} />
        </>
      )}
    </section>
  )
}

interface Sides {
  readonly a: readonly RunEvent[]
  readonly b: readonly RunEvent[]
}

interface OneSideProps extends Sides {
  readonly name: string
  readonly agent: string
  readonly known: ReturnType<typeof useChart>
}

const OneSide = ({ name, agent, known: { chart, isAway }, ...sides }: OneSideProps) => (
  <>
    <h3>
      {name}, {shortText(agent)}
    </h3>
    {isAway && <p class="faint">The code of {shortText(agent)} is not here: no chart is drawn.</p>}
    {chart !== undefined && <Paths chart={chart} of={name} {...sides} />}
  </>
)

const Paths = ({ chart, of, a, b }: Sides & { readonly chart: Chart; readonly of: string }) => {
  const paths = useMemo(() => pathsOf(chart.graph, a, b), [chart, a, b])
  return (
    <div
      class="drawing"
      tabIndex={0}
      role="group"
      aria-label={`Ways of ${of} on the chart ${visibleText(chart.graph.id)}, can be scrolled`}
    >
      <HeatPicture picture={chart.compact} name={chart.graph.id} heat={paths} hrefOf={() => undefined} />
    </div>
  )
}

const KINDS = [
  { className: 'only-a', text: 'A alone' },
  { className: 'only-b', text: 'B alone', isDouble: true },
  { className: 'of-both', text: 'both' },
  { className: 'neither', text: 'neither' },
]

const LINE = 'M2 6L42 6'

/** A number says how often; `≤` where a guard has decided that only the code knows. */
const Legend = () => (
  <ul class="legend-of-paths">
    {KINDS.map(({ className, text, isDouble = false }) => (
      <li key={className}>
        <svg class="refold-chart heat" width="44" height="12" viewBox="0 0 44 12" aria-hidden="true">
          <g class={className}>
            <path class="line" d={LINE} />
            {isDouble && <path class="gap" d={LINE} />}
          </g>
        </svg>{' '}
        {text}
      </li>
    ))}
    <li class="faint">the number: how often; ≤ where only the code knows which of several</li>
  </ul>
)
