import { useMemo } from 'preact/hooks'
import { count, money } from '../../src/projections/amount-text.ts'
import { hrefOf, setQuery, type Query } from '../address/address.ts'
import { Link } from '../address/link.tsx'
import { useKeys } from '../keys/keys.ts'
import { Behind } from '../parts/behind.tsx'
import { ProblemCard } from '../parts/problem-card.tsx'
import { shortText } from '../parts/short-text.ts'
import { Time } from '../preferences/time.tsx'
import { forgetAnswers, useAnswer } from '../server/answers.ts'
import type { EvalPage, EvalRow } from '../server/contract.ts'
import { listCopies } from './eval-copies.ts'
import { evalHref } from './eval-links.ts'
import { intervalText, percentText, ShareBar } from './share-text.tsx'
import { TrendPlot } from './trend-plot.tsx'

/** Evals with what they have shown, the newest first, and how versions did on one dataset after the other. */
export const EvalsPage = ({ query }: { readonly query: Query }) => {
  const path = hrefOf('/v1/evals', { limit: '200', cursor: query['cursor'] })
  const { value, error } = useAnswer<EvalPage>(path)
  const copies = useMemo(() => listCopies(value), [value])
  useKeys(copies)
  if (error !== undefined) return <ProblemCard error={error} retry={forgetAnswers} />
  if (value === undefined) return <p class="loading faint">Loading …</p>
  const dataset = query['dataset'] ?? ''
  const shown = value.evals.filter((row) => dataset === '' || nameOf(row.dataset) === dataset)
  return (
    <section class="figures evals">
      <h1>Evals</h1>
      <Behind behind={value.behind} lookAgain={forgetAnswers} />
      {value.evals.length === 0 ? (
        <p class="faint">
          No run is one of an eval. <code>refold eval DATASET.jsonl --agent NAME@VERSION</code> makes one; its runs have the tag{' '}
          <code>eval</code>, and scores by <code>eval</code>.
        </p>
      ) : (
        <>
          <DatasetChoice names={[...new Set(value.evals.map((row) => nameOf(row.dataset)))]} chosen={dataset} />
          <Trends rows={shown} />
          <Table rows={shown} />
        </>
      )}
      <p class="buttons">
        {query['cursor'] !== undefined && <Link to={hrefOf('/evals', { dataset })}>Newest evals</Link>}
        {value.next !== null && <Link to={hrefOf('/evals', { dataset, cursor: value.next })}>Older evals</Link>}
      </p>
    </section>
  )
}

/** Of `refunds@4f1c`. */
const nameOf = (dataset: string): string => {
  const at = dataset.lastIndexOf('@')
  return at < 1 ? dataset : dataset.slice(0, at)
}

const DatasetChoice = ({ names, chosen }: { readonly names: readonly string[]; readonly chosen: string }) => (
  <div class="choices">
    <label>
      Dataset{' '}
      <select
        aria-label="Dataset"
        value={chosen}
        onChange={({ currentTarget: { value } }) => {
          setQuery({ dataset: value === '' ? undefined : value })
        }}
      >
        <option value="">all</option>
        {[...new Set([...names, ...(chosen === '' ? [] : [chosen])])].map((name) => (
          <option key={name} value={name}>
            {shortText(name)}
          </option>
        ))}
      </select>
    </label>
  </div>
)

const MOST_TRENDS = 12

/** One of each dataset on which more than one agent was tried. */
const Trends = ({ rows }: { readonly rows: readonly EvalRow[] }) => {
  const groups = useMemo(
    () =>
      [...Map.groupBy(rows, ({ dataset }) => nameOf(dataset))]
        .map(([name, all]) => ({ name, points: all.filter(({ arm, scored }) => arm === 'candidate' && scored > 0).toReversed() }))
        .filter(({ points }) => points.length > 1)
        .slice(0, MOST_TRENDS),
    [rows],
  )
  if (groups.length === 0) return null
  return (
    <div class="plots">
      {groups.map(({ name, points }) => (
        <figure key={name}>
          <figcaption>
            <h2>{shortText(name)}</h2>
            <span class="faint">runs that passed, the newest on the right, with intervals of 95 %</span>
          </figcaption>
          <TrendPlot title={name} points={points} />
        </figure>
      ))}
    </div>
  )
}

const Table = ({ rows }: { readonly rows: readonly EvalRow[] }) => (
  <div class="scrolls" tabIndex={0} role="group" aria-label="Evals, can be scrolled">
    <table>
      <thead>
        <tr>
          <th>Eval</th>
          <th>Dataset</th>
          <th>Agent</th>
          <th class="number">Scored</th>
          <th class="number">Passed</th>
          <th>
            <span class="unseen">Passed, from 0 to 100 %</span>
          </th>
          <th>95 %</th>
          <th class="number">Cost</th>
          <th>Begun</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <Line key={`${row.id} ${row.arm} ${row.agent}`} row={row} />
        ))}
      </tbody>
    </table>
  </div>
)

const Line = ({ row: { id, dataset, arm, agent, runs, scored, accuracy, costMicroUsd, startedAt } }: { readonly row: EvalRow }) => (
  <tr>
    <th scope="row">
      <Link to={evalHref(id)}>{shortText(id)}</Link>
    </th>
    <td>{shortText(dataset)}</td>
    <td>
      {shortText(agent)}
      {arm === 'baseline' && <span class="faint"> baseline</span>}
    </td>
    <td class="number">
      {count(scored)}/{count(runs)}
    </td>
    <td class="number">{percentText(accuracy.value)}</td>
    <td>
      <ShareBar {...accuracy} />
    </td>
    <td title={accuracy.method}>{intervalText(accuracy)}</td>
    <td class="number">{money(costMicroUsd)}</td>
    <td>
      <Time at={startedAt} />
    </td>
  </tr>
)
