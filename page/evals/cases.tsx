import { count } from '../../src/projections/amount-text.ts'
import { visibleText } from '../../src/text.ts'
import { hrefOf, type Query } from '../address/address.ts'
import { Link } from '../address/link.tsx'
import { pathPart } from '../address/path-part.ts'
import { ProblemCard } from '../parts/problem-card.tsx'
import { shortText } from '../parts/short-text.ts'
import { forgetAnswers, useAnswer } from '../server/answers.ts'
import type { EvalCase, EvalCasePage, OneEval } from '../server/contract.ts'
import { againstBaseline, attemptHref, evalHref } from './eval-links.ts'

const STANDINGS = ['passed', 'flaky', 'failed', 'open'] as const
type Standing = EvalCase['standing']

const SIGNS: Readonly<Record<Standing, readonly [sign: string, kind: string]>> = {
  passed: ['✓', 'good'],
  flaky: ['≈', 'warn'],
  failed: ['✗', 'bad'],
  open: ['…', 'quiet'],
}

interface CasesProps {
  readonly id: string
  readonly counts: OneEval['cases']
  readonly query: Query
}

/** Each case with its runs; one that failed leads to the step that lost it. */
export const Cases = ({ id, counts, query }: CasesProps) => {
  const standing = STANDINGS.find((each) => each === query['standing'])
  const from = /^\d{1,9}$/.test(query['from'] ?? '') ? query['from'] : undefined
  const { value, error } = useAnswer<EvalCasePage>(hrefOf(`/v1/evals/${pathPart(id)}/cases`, { standing, from }))
  return (
    <>
      <nav class="choices" aria-label="Cases by how they stand">
        <Choice id={id} standing={undefined} chosen={standing} number={counts.all} />
        {STANDINGS.map((each) => (
          <Choice key={each} id={id} standing={each} chosen={standing} number={counts[each]} />
        ))}
      </nav>
      {error !== undefined && <ProblemCard error={error} retry={forgetAnswers} />}
      {error === undefined && value === undefined && <p class="loading faint">Loading …</p>}
      {value !== undefined && <Table cases={value.cases} />}
      <p class="buttons">
        {from !== undefined && <Link to={hrefOf(evalHref(id), { standing })}>First cases</Link>}
        {value !== undefined && value.next !== null && (
          <Link to={hrefOf(evalHref(id), { standing, from: String(value.next) })}>More cases</Link>
        )}
      </p>
    </>
  )
}

interface ChoiceProps {
  readonly id: string
  readonly standing: Standing | undefined
  readonly chosen: Standing | undefined
  readonly number: number
}

const Choice = ({ id, standing, chosen, number }: ChoiceProps) => (
  <Link to={hrefOf(evalHref(id), { standing })} {...(standing === chosen ? { 'aria-current': 'true' as const } : {})}>
    {standing ?? 'all'} {count(number)}
  </Link>
)

const Table = ({ cases }: { readonly cases: readonly EvalCase[] }) => {
  if (cases.length === 0) return <p class="faint">There is none.</p>
  return (
    <div class="scrolls" tabIndex={0} role="group" aria-label="Cases, can be scrolled">
      <table>
        <thead>
          <tr>
            <th>Case</th>
            <th>Stands</th>
            <th class="number">Passed</th>
            <th>Runs</th>
            <th>Baseline</th>
          </tr>
        </thead>
        <tbody>
          {cases.map((each) => (
            <Line key={each.caseId} found={each} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

const Line = ({ found: { caseId, standing, passed, scored, runs } }: { readonly found: EvalCase }) => {
  const [sign, kind] = SIGNS[standing]
  return (
    <tr>
      <th scope="row" class="mono">
        {shortText(caseId)}
      </th>
      <td>
        <span class={`sign ${kind}`}>
          {sign} {standing}
        </span>
      </td>
      <td class="number">
        {passed}/{scored}
      </td>
      <td>
        <Runs runs={runs} arm="candidate" />
      </td>
      <td>
        <Runs runs={runs} arm="baseline" />
      </td>
    </tr>
  )
}

const Runs = ({ runs, arm }: { readonly runs: EvalCase['runs']; readonly arm: 'candidate' | 'baseline' }) => (
  <ul class="attempts">
    {runs
      .filter((run) => run.arm === arm)
      .map((run) => (
        <li key={run.runId}>
          <Attempt run={run} runs={runs} />
        </li>
      ))}
  </ul>
)

const Attempt = ({ run, runs }: { readonly run: EvalCase['runs'][number]; readonly runs: EvalCase['runs'] }) => {
  const diff = againstBaseline(run, runs)
  const sign = run.passed === null ? '…' : run.passed ? '✓' : '✗'
  return (
    <>
      <Link to={attemptHref(run)} title={visibleText(run.runId)}>
        {sign} epoch {run.epoch}
        {run.lostAt !== null && ` at #${run.lostAt}`}
      </Link>
      {run.lostBy !== null && (
        <span class="faint">
          {' '}
          {shortText(run.lostBy)}
          {run.note !== null && run.note !== '' && `: ${shortText(run.note)}`}
        </span>
      )}
      {diff !== undefined && (
        <>
          {' '}
          <Link to={diff} aria-label={`diff of epoch ${run.epoch} with the baseline`}>
            diff
          </Link>
        </>
      )}
    </>
  )
}
