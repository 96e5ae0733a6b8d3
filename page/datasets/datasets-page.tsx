import { count } from '../../src/projections/amount-text.ts'
import { Link } from '../address/link.tsx'
import { pathPart } from '../address/path-part.ts'
import { ProblemCard } from '../parts/problem-card.tsx'
import { shortText } from '../parts/short-text.ts'
import { Time } from '../preferences/time.tsx'
import { forgetAnswers, useAnswer } from '../server/answers.ts'
import type { DatasetList } from '../server/contract.ts'

export const datasetHref = (name: string): string => `/datasets/${pathPart(name)}`

/** The files of datasets of the project. */
export const DatasetsPage = () => {
  const { value, error } = useAnswer<DatasetList>('/v1/datasets')
  if (error !== undefined) return <ProblemCard error={error} retry={forgetAnswers} />
  if (value === undefined) return <p class="loading faint">Loading …</p>
  return (
    <section class="figures datasets">
      <h1>Datasets</h1>
      {!value.isConfigured && (
        <p class="faint">
          No folder of datasets is configured: <code>datasets</code> in <code>refold.config.ts</code> names one, and what its files take in
          while production runs.
        </p>
      )}
      {value.isConfigured && value.datasets.length === 0 && <p class="faint">There is no dataset yet.</p>}
      {value.datasets.length > 0 && (
        <div class="scrolls" tabIndex={0} role="group" aria-label="Datasets, can be scrolled">
          <table>
            <thead>
              <tr>
                <th>Dataset</th>
                <th class="number">KiB</th>
                <th>Written</th>
              </tr>
            </thead>
            <tbody>
              {value.datasets.map(({ name, bytes, updatedAt }) => (
                <tr key={name}>
                  <th scope="row">
                    <Link to={datasetHref(name)}>{shortText(name)}</Link>
                  </th>
                  <td class="number">{count(Math.ceil(bytes / 1_024))}</td>
                  <td>
                    <Time at={updatedAt} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  )
}
