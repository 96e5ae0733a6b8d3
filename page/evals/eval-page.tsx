import { useMemo } from 'preact/hooks'
import { count, counted, duration, money } from '../../src/projections/amount-text.ts'
import type { Query } from '../address/address.ts'
import { Link } from '../address/link.tsx'
import { useKeys } from '../keys/keys.ts'
import { pathPart } from '../address/path-part.ts'
import { Behind } from '../parts/behind.tsx'
import { ProblemCard } from '../parts/problem-card.tsx'
import { shortText } from '../parts/short-text.ts'
import { Time } from '../preferences/time.tsx'
import { forgetAnswers, useAnswer } from '../server/answers.ts'
import type { OneEval } from '../server/contract.ts'
import { Cases } from './cases.tsx'
import { evalCopies } from './eval-copies.ts'
import { MeasureTable, TriesTable } from './measure-table.tsx'
import { intervalText, pointsText } from './share-text.tsx'

/** What one eval has shown: scores with their intervals, against its baseline, and each case with where it was lost. */
export const EvalPage = ({ id, query }: { readonly id: string; readonly query: Query }) => {
  const { value, error } = useAnswer<OneEval>(`/v1/evals/${pathPart(id)}`)
  const copies = useMemo(() => evalCopies(value), [value])
  useKeys(copies)
  return (
    <section class="figures evals">
      <h1>
        <Link to="/evals">Evals</Link> › {shortText(id)}
      </h1>
      {error !== undefined && <ProblemCard error={error} retry={forgetAnswers} />}
      {error === undefined && value === undefined && <p class="loading faint">Loading …</p>}
      {value !== undefined && <Shown found={value} query={query} />}
    </section>
  )
}

const Shown = ({ found, query }: { readonly found: OneEval; readonly query: Query }) => {
  const { id, dataset, agent, baseline, at, runs, open, epochs, cut, cases, behind } = found
  return (
    <>
      <Behind behind={behind} lookAgain={forgetAnswers} />
      <p>
        {shortText(agent)} on {counted(cases.all, 'case')} of {shortText(dataset)}, {counted(epochs, 'epoch')}, {counted(runs, 'run')}
        {open > 0 && ` of which ${count(open)} are not scored yet`}
        {baseline !== null && <>, against {shortText(baseline)}</>}, begun <Time at={at} />
      </p>
      {cut && <p class="faint">It has more runs than are looked at here: these are figures of the first of them.</p>}
      <MeasureTable found={found} />
      <Sentences found={found} />
      <TriesTable measure={found.accuracy} />
      <h2>Cases</h2>
      <Cases id={id} counts={cases} query={query} />
    </>
  )
}

const Sentences = ({ found: { accuracy, costMicroUsd, tokens, runs, open, p50Ms, p95Ms } }: { readonly found: OneEval }) => {
  const { comparison, smallestChange } = accuracy
  const scored = Math.max(1, runs - open)
  const size = (change: number | null | undefined): string => (change === null || change === undefined ? 'none' : pointsText(change))
  return (
    <>
      {comparison !== undefined && (
        <p>
          Against the baseline, by all scorers: <strong>{comparison.verdict}</strong>. Of {counted(comparison.pairs, 'case')},{' '}
          {comparison.better} better and {comparison.worse} worse; {pointsText(comparison.difference.value)} (
          {intervalText(comparison.difference, pointsText)}), p = {comparison.p.toPrecision(2)}, {comparison.method}.
        </p>
      )}
      <p class="faint">
        The smallest change that this set would show in 8 of 10 evals:{' '}
        {comparison === undefined ? '' : `${size(smallestChange.paired)} against a baseline on the same cases, `}
        {size(smallestChange.down)} down and {size(smallestChange.up)} up against other cases.
      </p>
      <p>
        {money(costMicroUsd)} in all, {money(costMicroUsd / scored)} and {count(Math.round(tokens / scored))} tokens a run
        {p50Ms.value !== null && `; a run takes ${duration(p50Ms.value)} (median)`}
        {p95Ms.value !== null && `, one in 20 more than ${duration(p95Ms.value)}`}
      </p>
    </>
  )
}
