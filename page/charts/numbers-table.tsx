import type { ComponentChildren } from 'preact'
import { count, counted, duration, money } from '../../src/projections/amount-text.ts'
import { Link } from '../address/link.tsx'
import { shortText } from '../parts/short-text.ts'
import type { StepRow } from '../server/contract.ts'
import { hereNowHref, stateHref, stepHref } from './chart-links.ts'
import type { ChartNumbers, Numbers } from './numbers.ts'
import type { NumberedGraph } from './recorded-numbers.ts'

interface NumbersTableProps {
  readonly graph: NumberedGraph
  readonly numbers: ChartNumbers
  readonly before: ChartNumbers | undefined
  readonly agent: string
  readonly since: number | undefined
}

/** The same numbers as in the picture, and more. */
export const NumbersTables = (props: NumbersTableProps) => {
  const { numbers, agent, since } = props
  return (
    <>
      <StatesTable {...props} />
      <WaysTable {...props} />
      {numbers.others.length > 0 && <OtherSteps steps={numbers.others} agent={agent} since={since} />}
    </>
  )
}

const StatesTable = ({ graph, numbers, before, ...of }: NumbersTableProps) => (
  <>
    <h2>States</h2>
    <Scrolls label="States">
      <thead>
        <tr>
          <th>State</th>
          <Heads before={before} />
          <th class="number">Median</th>
          <th class="number">95 %</th>
          <th class="number">People were waited for</th>
          <th class="number">Median</th>
          <th class="number">95 %</th>
          <th class="number">Failures</th>
          <th class="number">Cost</th>
          <th>Runs here now</th>
          <th>Which way did those come?</th>
        </tr>
      </thead>
      <tbody>
        {graph.nodes
          .filter(({ parent }) => parent !== null)
          .map(({ id }) => {
            const own = numbers.states.get(id)
            if (own === undefined) return null
            return (
              <tr key={id} class={own.count === 0 ? 'never' : ''}>
                <th scope="row">
                  <Link to={stateHref(of, graph, id)}>{shortText(id)}</Link>
                </th>
                <Counts own={own} before={before?.states.get(id)} isCompared={before !== undefined} />
                <td class="number">{durationText(own.p50)}</td>
                <td class="number">{durationText(own.p95)}</td>
                <td class="number">{count(own.waits)}</td>
                <td class="number">{durationText(own.waitP50)}</td>
                <td class="number">{durationText(own.waitP95)}</td>
                <td class="number">{count(own.failures)}</td>
                <td class="number">{money(own.cost)}</td>
                <td>
                  <Link to={hereNowHref(of.agent, graph, id)} aria-label={`Runs that are in ${shortText(id)} now`}>
                    now
                  </Link>
                </td>
                <td>
                  <WaysHere own={own} {...of} />
                </td>
              </tr>
            )
          })}
      </tbody>
    </Scrolls>
  </>
)

const MOST_WAYS = 50

/** The steps that have led into a state, the most frequent first. */
const WaysHere = ({ own, ...of }: { readonly own: Numbers; readonly agent: string; readonly since: number | undefined }) => {
  if (own.steps.length === 0) return null
  const steps = own.steps.toSorted((a, b) => b.steps - a.steps)
  return (
    <details>
      <summary>{counted(steps.length, 'way')}</summary>
      <ol class="ways">
        {steps.slice(0, MOST_WAYS).map((step) => (
          <li key={`${step.fromState}>${step.event}>${step.toState}`}>
            <Link to={stepHref(of, step)}>{shortText(`${step.fromState === '' ? 'the beginning' : step.fromState}, ${step.event}`)}</Link>:{' '}
            {count(step.steps)} ({Math.round((step.steps / Math.max(1, own.count)) * 100)} %)
          </li>
        ))}
        {steps.length > MOST_WAYS && <li>and {count(steps.length - MOST_WAYS)} more</li>}
      </ol>
    </details>
  )
}

const WaysTable = ({ graph, numbers, before, ...of }: NumbersTableProps) => (
  <>
    <h2>Ways between them</h2>
    <Scrolls label="Ways between states">
      <thead>
        <tr>
          <th>From</th>
          <th>By</th>
          <th>To</th>
          <Heads before={before} />
          <th class="number">Failures</th>
          <th class="number">Cost</th>
        </tr>
      </thead>
      <tbody>
        {graph.edges.map(({ id, source, target, label }) => {
          const own = numbers.edges.get(id)
          if (own === undefined) return null
          const [step] = own.steps
          return (
            <tr key={id} class={own.count === 0 ? 'never' : ''}>
              <td>{shortText(source)}</td>
              <th scope="row">{step === undefined ? shortText(label) : <Link to={stepHref(of, step)}>{shortText(label)}</Link>}</th>
              <td>{shortText(target)}</td>
              <Counts own={own} before={before?.edges.get(id)} isCompared={before !== undefined} />
              <td class="number">{count(own.failures)}</td>
              <td class="number">{money(own.cost)}</td>
            </tr>
          )
        })}
      </tbody>
    </Scrolls>
  </>
)

const Heads = ({ before }: { readonly before: ChartNumbers | undefined }) => (
  <>
    <th class="number">Count</th>
    <th class="number">Share</th>
    {before !== undefined && <th class="number">Count before</th>}
  </>
)

interface CountsProps {
  readonly own: Numbers
  readonly before: Numbers | undefined
  readonly isCompared: boolean
}

const Counts = ({ own, before, isCompared }: CountsProps) => (
  <>
    <td class="number">{`${own.isAtMost && own.count > 0 ? '≤ ' : ''}${count(own.count)}`}</td>
    <td class="number">{`${Math.round(own.share * 100)} %`}</td>
    {isCompared && <td class="number">{before === undefined ? 'not there' : count(before.count)}</td>}
  </>
)

const OtherSteps = ({
  steps,
  ...of
}: {
  readonly steps: readonly StepRow[]
  readonly agent: string
  readonly since: number | undefined
}) => (
  <>
    <h2>Steps of another chart under the same version</h2>
    <ul>
      {steps.slice(0, 100).map((step) => (
        <li key={`${step.fromState}>${step.event}>${step.toState}`}>
          <Link to={stepHref(of, step)}>{shortText(`${step.fromState} > ${step.event} > ${step.toState}`)}</Link>: {count(step.steps)}
        </li>
      ))}
    </ul>
  </>
)

const Scrolls = ({ label, children }: { readonly label: string; readonly children: ComponentChildren }) => (
  <div class="scrolls" tabIndex={0} role="group" aria-label={`${label}, can be scrolled`}>
    <table>{children}</table>
  </div>
)

const durationText = (ms: number | null): string => (ms === null ? '' : duration(ms))
