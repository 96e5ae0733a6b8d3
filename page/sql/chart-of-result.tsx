import { oneLine } from '../../src/projections/printable.ts'
import { setFragment } from '../address/address.ts'
import { fullTimeText } from '../preferences/time-text.ts'
import type { SqlResult } from '../server/contract.ts'
import { firstChart, valueColumns, type FirstChart } from './first-chart.ts'

const LABEL_WIDTH = 60

/** A first picture of a result, guessed from the types of its columns. */
export const ChartOfResult = ({ result, chosen }: { readonly result: SqlResult; readonly chosen: string | undefined }) => {
  const values = valueColumns(result)
  const value = values.find((at) => result.columns[at]?.name === chosen) ?? values[0]
  const chart = firstChart(result, value)
  if (chart === undefined) return null
  return (
    <details class="first-chart" open>
      <summary>Chart</summary>
      <label>
        of{' '}
        <select
          value={chart.value}
          onChange={({ currentTarget }) => {
            setFragment({ chart: currentTarget.value })
          }}
        >
          {values.map((at) => (
            <option key={at} value={result.columns[at]?.name ?? ''}>
              {oneLine(result.columns[at]?.name ?? '', LABEL_WIDTH)}
            </option>
          ))}
        </select>
      </label>
      {chart.kind === 'bars' ? <Bars chart={chart} /> : <Lines chart={chart} />}
    </details>
  )
}

const numberText = (value: number): string =>
  Number.isInteger(value) ? value.toLocaleString('en') : Number(value.toPrecision(4)).toString()

const Bars = ({ chart: { bars } }: { readonly chart: Extract<FirstChart, { kind: 'bars' }> }) => {
  const most = Math.max(...bars.map(({ value }) => Math.abs(value)), Number.MIN_VALUE)
  return (
    <ul class="chart-bars">
      {bars.map(({ label, value }, index) => (
        <li key={index}>
          <span class="label">{oneLine(label, LABEL_WIDTH)}</span>
          <span class="track">
            <span class="size" style={{ width: `${((Math.abs(value) / most) * 100).toFixed(1)}%` }} />
          </span>
          <span class="number">{numberText(value)}</span>
        </li>
      ))}
    </ul>
  )
}

const WIDTH = 1_000
const HEIGHT = 160
/** So that nobody has to tell colours apart. */
const DASHES = ['', '8 4', '2 4', '12 4 2 4', '4 2']

const Lines = ({ chart: { series, value } }: { readonly chart: Extract<FirstChart, { kind: 'lines' }> }) => {
  const points = series.flatMap((each) => each.points)
  const times = points.map(([at]) => at)
  const [begin, end] = [times.reduce((a, b) => Math.min(a, b), Infinity), times.reduce((a, b) => Math.max(a, b), -Infinity)]
  const most = points.reduce((a, [, size]) => Math.max(a, size), 0)
  const least = points.reduce((a, [, size]) => Math.min(a, size), 0)
  const x = (at: number): string => ((WIDTH * (at - begin)) / Math.max(1, end - begin)).toFixed(1)
  const y = (size: number): string => (HEIGHT - (HEIGHT * (size - least)) / (most - least || 1)).toFixed(1)
  return (
    <figure class="chart-lines">
      <figcaption>
        {numberText(most)} at most, from {fullTimeText(begin, 'utc').slice(0, 16)} to {fullTimeText(end, 'utc').slice(0, 16)} UTC
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={`${oneLine(value, LABEL_WIDTH)} over time`}>
        {series.map((each, index) => (
          <path
            key={index}
            class={`line line-${index}`}
            stroke-dasharray={DASHES[index] ?? ''}
            d={each.points.map(([at, size], step) => `${step === 0 ? 'M' : 'L'}${x(at)} ${y(size)}`).join('')}
          />
        ))}
      </svg>
      <ul class="legend">
        {series.map((each, index) => (
          <li key={index}>
            <svg viewBox="0 0 32 8" width="32" height="8" aria-hidden="true">
              <path class={`line line-${index}`} stroke-dasharray={DASHES[index] ?? ''} d="M0 4H32" />
            </svg>{' '}
            {oneLine(each.name, LABEL_WIDTH)}
          </li>
        ))}
      </ul>
    </figure>
  )
}
