import { csvLine } from '../../src/projections/csv-line.ts'
import { setQuery } from '../address/address.ts'
import { download } from '../parts/download.ts'
import { shortText } from '../parts/short-text.ts'
import { SqlLink } from '../parts/sql-link.tsx'
import type { UsageRow, ViewPage } from '../server/contract.ts'
import { MOST_LINES, Plot, slotText, unitText } from './plot.tsx'
import { partTexts, seriesOf, type Figure, type Part, type Series } from './usage.ts'

interface OneFigureProps {
  readonly figure: Figure
  readonly page: ViewPage<UsageRow>
  readonly slots: readonly number[]
  readonly everyMs: number
  readonly part: Part
}

export const OneFigure = ({ figure, page, slots, everyMs, part }: OneFigureProps) => {
  const series = seriesOf(page.rows, slots, figure).toSorted((a, b) => totalOf(b) - totalOf(a))
  const { title, unit, name } = figure
  return (
    <figure>
      <figcaption>
        <h2>{title}</h2>
        <span class="faint">{part === 'all' ? 'all together' : `by ${partTexts[part]}`}</span>
        <SqlLink sql={page.sql} of={title} />
        <button
          type="button"
          class="plain"
          aria-label={`${title} as CSV`}
          onClick={() => {
            saveCsv(name, series, slots)
          }}
        >
          CSV
        </button>
      </figcaption>
      {series.length === 0 ? (
        <p class="faint">Nothing happened in this time.</p>
      ) : (
        <Plot title={title} unit={unit} series={series} slots={slots} everyMs={everyMs} />
      )}
      {part !== 'all' && <Keys series={series} />}
      {series.length > 0 && (
        <details>
          <summary>Table</summary>
          <FigureTable figure={figure} series={series} slots={slots} everyMs={everyMs} />
        </details>
      )}
    </figure>
  )
}

const totalOf = ({ points }: Series): number => points.reduce((sum, { value }) => sum + (value ?? 0), 0)

const Keys = ({ series }: { readonly series: readonly Series[] }) => (
  <ul class="keys">
    {series.slice(0, MOST_LINES).map(({ name }, at) => (
      <li key={name}>
        <svg class="plot" aria-hidden="true" viewBox="0 0 22 10">
          <path class={`series n${at}`} d="M0 5L22 5" />
        </svg>{' '}
        {nameText(name)}
      </li>
    ))}
    {series.length > MOST_LINES && <li class="faint">and {series.length - MOST_LINES} more in the table</li>}
  </ul>
)

const nameText = (name: string): string => (name === '' ? 'without a name' : shortText(name))

type FigureTableProps = Pick<OneFigureProps, 'figure' | 'slots' | 'everyMs'> & { readonly series: readonly Series[] }

const FigureTable = ({ figure: { title, unit }, series, slots, everyMs }: FigureTableProps) => (
  <div class="scrolls table" tabIndex={0} role="group" aria-label={`${title}, can be scrolled`}>
    <table>
      <thead>
        <tr>
          <th>From, UTC</th>
          {series.map(({ name }) => (
            <th key={name} class="number">
              {nameText(name)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {slots.map((slot, at) =>
          series.every(({ points }) => (points[at]?.value ?? 0) === 0) ? null : (
            <tr key={slot}>
              <th scope="row">
                <button
                  type="button"
                  class="plain"
                  title="Look at this time alone"
                  onClick={() => {
                    setQuery({ since: String(slot), until: String(slot + everyMs) })
                  }}
                >
                  {slotText(slot)}
                </button>
              </th>
              {series.map(({ name, points }) => (
                <td key={name} class="number">
                  {unitText(points[at]?.value ?? null, unit)}
                </td>
              ))}
            </tr>
          ),
        )}
      </tbody>
    </table>
  </div>
)

/** Values as they are counted: millionths of a US dollar, ms, shares of 1. */
const saveCsv = (name: string, series: readonly Series[], slots: readonly number[]): void => {
  const lines = slots.map((slot, at) => csvLine([new Date(slot).toISOString(), ...series.map(({ points }) => points[at]?.value ?? null)]))
  download(`${name}.csv`, [csvLine(['slot', ...series.map((each) => each.name)]), ...lines].join(''))
}
