import { count, duration, money } from '../../src/projections/amount-text.ts'
import type { DiffTotals, RunDiff } from '../../src/projections/run-diff.ts'

const ROWS: readonly (readonly [name: string, of: keyof DiffTotals, show: (amount: number) => string])[] = [
  ['events', 'events', count],
  ['model calls', 'modelCalls', count],
  ['tool calls', 'toolCalls', count],
  ['tokens', 'tokens', count],
  ['cost', 'costMicroUsd', money],
  ['time of results', 'durationMs', duration],
]

/** What each of the two has come to. */
export const Totals = ({ totals: { a, b } }: { readonly totals: RunDiff['totals'] }) => (
  <table class="totals">
    <caption class="unseen">Totals</caption>
    <thead>
      <tr>
        <td />
        <th scope="col">A</th>
        <th scope="col">B</th>
        <th scope="col">A → B</th>
      </tr>
    </thead>
    <tbody>
      {ROWS.map(([name, of, show]) => (
        <tr key={of}>
          <th scope="row">{name}</th>
          <td class="number">{show(a[of])}</td>
          <td class="number">{show(b[of])}</td>
          <td class="number">{changeText(b[of] - a[of], show)}</td>
        </tr>
      ))}
    </tbody>
  </table>
)

const changeText = (change: number, show: (amount: number) => string): string => {
  if (change === 0) return '='
  return change > 0 ? `+${show(change)}` : `−${show(-change)}`
}
