import type { OneEval } from '../server/contract.ts'

type Estimate = OneEval['p50Ms']

export const percentText = (value: number | null): string => (value === null ? '–' : `${(value * 100).toFixed(1)} %`)

/** `+4.2 pt`: of two shares. */
export const pointsText = (value: number | null): string => (value === null ? '–' : `${value > 0 ? '+' : ''}${(value * 100).toFixed(1)} pt`)

export const intervalText = ({ low, high }: Estimate, text: (value: number) => string = percentText): string =>
  low === null || high === null ? 'not known' : `${text(low)} to ${text(high)}`

/** A share as a line from 0 to 1, with its interval; the number stands beside it. */
export const ShareBar = ({ value, low, high }: Estimate) => {
  if (value === null) return null
  const [from, to] = [low ?? 0, high ?? 1]
  return (
    <svg class="share" aria-hidden="true" viewBox="0 0 100 12">
      <line class="whole" x1="0" y1="6" x2="100" y2="6" />
      <line class="interval" x1={from * 100} y1="6" x2={to * 100} y2="6" />
      <path class="ends" d={`M${from * 100} 2v8M${to * 100} 2v8`} />
      <circle cx={value * 100} cy="6" r="3" />
    </svg>
  )
}
