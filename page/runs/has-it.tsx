import { visibleText } from '../../src/text.ts'
import { Time } from '../preferences/time.tsx'
import type { RunRow } from '../server/contract.ts'

/** The person who has taken a run over from its agent. */
export const HasIt = ({ row: { takenOver } }: { readonly row: Pick<RunRow, 'takenOver'> }) =>
  takenOver === undefined ? null : (
    <span class="has-it">
      <span aria-hidden="true">☻</span> taken over by {visibleText(takenOver.by)} <Time at={takenOver.at} />
    </span>
  )
