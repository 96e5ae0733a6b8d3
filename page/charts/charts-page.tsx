import { useSelector } from '@xstate/store-preact'
import { useEffect } from 'preact/hooks'
import { count, money } from '../../src/projections/amount-text.ts'
import { Link } from '../address/link.tsx'
import { ProblemCard } from '../parts/problem-card.tsx'
import { shortText } from '../parts/short-text.ts'
import { Time } from '../preferences/time.tsx'
import { charts } from '../run/chart-store.ts'
import { forgetAnswers, useRows } from '../server/answers.ts'
import type { VersionRow } from '../server/contract.ts'
import { chartHref, versionHref } from './chart-links.ts'

/** Every version of every agent: those whose code is here, and those that have ever run. */
export const ChartsPage = () => {
  const { value, error } = useRows<VersionRow>('/v1/views/versions?limit=1000')
  const list = useSelector(charts, ({ context }) => context.list)
  useEffect(() => {
    charts.trigger.wanted({ hash: undefined })
  }, [])
  if (error !== undefined) return <ProblemCard error={error} retry={forgetAnswers} />
  if (value === undefined || list === undefined) return <p class="loading faint">Loading …</p>
  const here = new Set(list.agents.map(({ agent }) => agent))
  const ran = new Set(value.rows.map(idOf))
  const without = list.agents.filter(({ agent }) => !ran.has(agent))
  return (
    <section class="figures">
      <h1>Charts</h1>
      <p class="faint">
        Each agent is a statechart. Its page says how often each state and each way between them was taken, how long it took and what it
        cost.
      </p>
      {value.next !== null && <p class="faint">There are more versions than are shown here: the view versions has them all.</p>}
      <div class="scrolls" tabIndex={0} role="group" aria-label="Agents and their versions, can be scrolled">
        <table>
          <thead>
            <tr>
              <th>Agent</th>
              <th class="number">Runs</th>
              <th class="number">Active</th>
              <th class="number">Completed</th>
              <th class="number">Failed</th>
              <th class="number">Cost</th>
              <th>Newest event</th>
            </tr>
          </thead>
          <tbody>
            {value.rows.map((row) => (
              <VersionLine key={idOf(row)} row={row} isHere={here.has(idOf(row))} />
            ))}
            {without.map(({ agent }) => (
              <tr key={agent}>
                <th scope="row">
                  <Link to={chartHref(agent)}>{shortText(agent)}</Link>
                </th>
                <td class="number">0</td>
                <td colSpan={5} class="faint">
                  has not run yet
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}

const VersionLine = ({ row, isHere }: { readonly row: VersionRow; readonly isHere: boolean }) => (
  <tr>
    <th scope="row">
      <Link to={chartHref(idOf(row))}>{shortText(idOf(row))}</Link>
      {!isHere && <span class="faint"> its code is not here</span>}
    </th>
    <td class="number">
      <Link to={versionHref(idOf(row))}>{count(row.runs)}</Link>
    </td>
    <td class="number">{count(row.active)}</td>
    <td class="number">{count(row.completed)}</td>
    <td class="number">{count(row.failed)}</td>
    <td class="number">{money(row.costMicroUsd)}</td>
    <td>
      <Time at={row.updatedAt} />
    </td>
  </tr>
)

const idOf = ({ agent, agentVersion }: VersionRow): string => `${agent}@${agentVersion}`
