import { go } from '../address/address.ts'
import { shortText } from '../parts/short-text.ts'
import type { EvalRow } from '../server/contract.ts'
import { evalHref } from './eval-links.ts'
import { intervalText, percentText } from './share-text.tsx'

const HEIGHT = 170
const LEFT = 44
const TOP = 10
const BOTTOM = 34
const STEP = 90
const LONGEST_LABEL = 13

const y = (share: number): number => TOP + (1 - Math.min(1, Math.max(0, share))) * (HEIGHT - TOP - BOTTOM)

/** How one version after the other did; a point leads to its eval. The table below says the same. */
export const TrendPlot = ({ title, points }: { readonly title: string; readonly points: readonly EvalRow[] }) => {
  const width = LEFT + STEP * Math.max(3, points.length)
  const x = (index: number): number => LEFT + STEP * (index + 0.5)
  const line = points.map(({ accuracy: { value } }, at) => `${at === 0 ? 'M' : 'L'}${x(at)} ${y(value ?? 0)}`).join('')
  return (
    <div class="scrolls" tabIndex={0} role="group" aria-label={`Trend of ${shortText(title)}, can be scrolled`}>
      <svg class="trend" viewBox={`0 0 ${width} ${HEIGHT}`} width={width} height={HEIGHT} role="img" aria-label={wordsOf(title, points)}>
        {[0, 0.5, 1].map((share) => (
          <g key={share}>
            <line class="axis" x1={LEFT} y1={y(share)} x2={width} y2={y(share)} />
            <text x={LEFT - 6} y={y(share) + 4} text-anchor="end">
              {share * 100} %
            </text>
          </g>
        ))}
        <path class="series n0" d={line} />
        {points.map((row, at) => (
          <Point key={row.id} row={row} x={x(at)} />
        ))}
      </svg>
    </div>
  )
}

const Point = ({ row: { id, agent, accuracy }, x }: { readonly row: EvalRow; readonly x: number }) => {
  const { value, low, high } = accuracy
  return (
    <g
      class="point"
      onClick={() => {
        go(evalHref(id))
      }}
    >
      <title>{`${shortText(agent)} in ${shortText(id)}: ${percentText(value)}, ${intervalText(accuracy)}`}</title>
      <path class="interval" d={`M${x - 5} ${y(low ?? 0)}h10M${x} ${y(low ?? 0)}V${y(high ?? 1)}M${x - 5} ${y(high ?? 1)}h10`} />
      <circle cx={x} cy={y(value ?? 0)} r="4" />
      <text x={x} y={HEIGHT - BOTTOM + 16} text-anchor="middle">
        {labelOf(agent)}
      </text>
      <text class="faint" x={x} y={HEIGHT - BOTTOM + 30} text-anchor="middle">
        {percentText(value)}
      </text>
    </g>
  )
}

/** Its end tells versions apart. */
const labelOf = (agent: string): string => {
  const name = shortText(agent)
  return name.length <= LONGEST_LABEL ? name : `…${name.slice(1 - LONGEST_LABEL).toWellFormed()}`
}

const wordsOf = (title: string, points: readonly EvalRow[]): string =>
  `Runs that passed on ${shortText(title)}: ${points.map(({ agent, accuracy }) => `${shortText(agent)} ${percentText(accuracy.value)}`).join(', ')}`
