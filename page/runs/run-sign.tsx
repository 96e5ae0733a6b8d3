import type { RunRow } from '../server/contract.ts'
import { signOf } from './standing-text.ts'

export const RunSign = ({ row }: { readonly row: Pick<RunRow, 'standing' | 'stuck' | 'status'> }) => {
  const { sign, word, kind } = signOf(row)
  return (
    <span class={`sign ${kind}`}>
      <span aria-hidden="true">{sign}</span> {word}
    </span>
  )
}
