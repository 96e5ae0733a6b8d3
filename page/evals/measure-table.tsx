import { count } from '../../src/projections/amount-text.ts'
import { shortText } from '../parts/short-text.ts'
import type { EvalMeasure, OneEval } from '../server/contract.ts'
import { intervalText, percentText, pointsText, ShareBar } from './share-text.tsx'

/** Scorers, and the last of them all together. */
export const MeasureTable = ({ found: { scorers, accuracy, baseline } }: { readonly found: OneEval }) => (
  <div class="scrolls" tabIndex={0} role="group" aria-label="Scorers, can be scrolled">
    <table>
      <thead>
        <tr>
          <th>Scorer</th>
          <th class="number">Passed</th>
          <th>
            <span class="unseen">Passed, from 0 to 100 %</span>
          </th>
          <th>95 %</th>
          <th class="number">Mean</th>
          {baseline !== null && (
            <>
              <th class="number">Baseline</th>
              <th class="number">Change</th>
              <th>Verdict</th>
            </>
          )}
        </tr>
      </thead>
      <tbody>
        {scorers.map((measure) => (
          <Line key={measure.name} name={shortText(measure.name)} measure={measure} hasBaseline={baseline !== null} />
        ))}
        {scorers.length !== 1 && <Line name="all of them" measure={accuracy} hasBaseline={baseline !== null} />}
      </tbody>
    </table>
  </div>
)

interface LineProps {
  readonly name: string
  readonly measure: EvalMeasure
  readonly hasBaseline: boolean
}

const Line = ({ name, measure: { passed, mean, comparison }, hasBaseline }: LineProps) => (
  <tr>
    <th scope="row">{name}</th>
    <td class="number">{percentText(passed.value)}</td>
    <td>
      <ShareBar {...passed} />
    </td>
    <td title={passed.method}>{intervalText(passed)}</td>
    <td class="number">{mean === undefined ? '' : (mean.value ?? 0).toFixed(3)}</td>
    {hasBaseline && (
      <>
        <td class="number">{comparison === undefined ? '' : percentText(comparison.baseline.value)}</td>
        <td class="number">{comparison === undefined ? '' : pointsText(comparison.difference.value)}</td>
        <td>{comparison === undefined ? '' : `${comparison.verdict}, p = ${comparison.p.toPrecision(2)}`}</td>
      </>
    )}
  </tr>
)

/** Where cases were run more than once. */
export const TriesTable = ({ measure: { tries } }: { readonly measure: EvalMeasure }) => {
  if (tries.length < 2) return null
  return (
    <table>
      <thead>
        <tr>
          <th class="number">Tries</th>
          <th class="number">One passes (pass@k)</th>
          <th class="number">All pass (pass^k)</th>
          <th class="number">Tasks</th>
        </tr>
      </thead>
      <tbody>
        {tries.map(({ k, onePasses, allPass, tasks }) => (
          <tr key={k}>
            <th scope="row" class="number">
              {k}
            </th>
            <td class="number">{percentText(onePasses)}</td>
            <td class="number">{percentText(allPass)}</td>
            <td class="number">{count(tasks)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
