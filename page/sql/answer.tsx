import { useSelector } from '@xstate/store-preact'
import { count, duration } from '../../src/projections/amount-text.ts'
import { csvLine } from '../../src/projections/csv-line.ts'
import { download } from '../parts/download.ts'
import { Behind } from '../parts/behind.tsx'
import { ProblemCard } from '../parts/problem-card.tsx'
import type { SqlResult } from '../server/contract.ts'
import { ChartOfResult } from './chart-of-result.tsx'
import { ResultTable } from './result-table.tsx'
import { sql } from './sql-store.ts'

/** What was found, or why nothing was. */
export const Answer = ({ chosen }: { readonly chosen: string | undefined }) => {
  const { result, error, isAsking } = useSelector(sql, ({ context }) => context)
  return (
    <>
      <div id="sql-refused">{error !== undefined && <ProblemCard error={error} retry={again} />}</div>
      {result !== undefined && (
        <section class={isAsking ? 'answer old' : 'answer'} aria-label="Answer" aria-busy={isAsking}>
          <p class="told" role="status">
            {wordsOf(result)}
            {result.behind !== undefined && '. '}
            <Behind behind={result.behind} />{' '}
            <button
              type="button"
              onClick={() => {
                download('refold-sql.csv', csvOf(result))
              }}
            >
              CSV
            </button>
          </p>
          {result.rows.length > 0 && <ChartOfResult result={result} chosen={chosen} />}
          {result.rows.length > 0 && <ResultTable key={result} result={result} />}
        </section>
      )}
    </>
  )
}

const again = (): void => {
  const { question } = sql.getSnapshot().context
  if (question !== undefined) sql.trigger.asked({ question })
}

const CUT = { rows: ', the first of more', bytes: ', all that fits into one answer, of more' }

const wordsOf = ({ rows, cut, durationMs }: SqlResult): string =>
  `${rows.length === 0 && cut === null ? 'Nothing fits' : `${count(rows.length)} ${rows.length === 1 ? 'row' : 'rows'}`}${cut === null ? '' : CUT[cut]} in ${duration(durationMs)}`

/** Of all that was found, with the names of the columns first. */
const csvOf = ({ columns, rows }: SqlResult): string => [columns.map(({ name }) => name), ...rows].map(csvLine).join('')
