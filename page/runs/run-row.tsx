import { counted, money } from '../../src/projections/amount-text.ts'
import { visibleText } from '../../src/text.ts'
import { setQuery } from '../address/address.ts'
import { Link } from '../address/link.tsx'
import { pathPart } from '../address/path-part.ts'
import { Time } from '../preferences/time.tsx'
import type { RunRow } from '../server/contract.ts'
import { HasIt } from './has-it.tsx'
import { RunSign } from './run-sign.tsx'

export const runHref = (runId: string): string => `/runs/${pathPart(runId)}`

/** One line of the list: what it is, where it stands, and why it stands still or what was said last. */
export const RunLine = ({ row, isSelected }: { readonly row: RunRow; readonly isSelected: boolean }) => (
  <div
    class={isSelected ? 'run-row selected' : 'run-row'}
    role="listitem"
    onClick={({ target }) => {
      if (!(target instanceof Element && target.closest('a,button') !== null)) setQuery({ peek: row.runId })
    }}
  >
    <RunSign row={row} />
    <Link class="mono id" to={runHref(row.runId)}>
      {visibleText(row.runId)}
    </Link>
    <span class="agent">{visibleText(`${row.agent}@${row.agentVersion}`)}</span>
    <span class="state mono">{visibleText(row.state)}</span>
    <span class="words">
      {row.fork !== undefined && <ForkOf fork={row.fork} />}
      {row.takenOver !== undefined && (
        <>
          <HasIt row={row} /> ·{' '}
        </>
      )}
      {wordsOf(row)}
    </span>
    <span class="number calls">{counted(row.modelCalls + row.toolCalls, 'call')}</span>
    <span class="number cost">{money(row.costMicroUsd)}</span>
    <span class="number time">
      <Time at={row.updatedAt} since={row.startedAt} />
    </span>
  </div>
)

const ForkOf = ({ fork: { runId, revision, real } }: { readonly fork: NonNullable<RunRow['fork']> }) => (
  <>
    <span aria-hidden="true">↱</span> of {visibleText(runId)} @ {revision}{' '}
    {real.length === 0 ? '· sealed · ' : <span class="source real">REAL {visibleText(real.join(', '))}</span>}{' '}
  </>
)

const wordsOf = ({ problem, standsStill, lastText, reason, standing, status }: RunRow) => {
  const isQuiet = standing === 'message' || status === 'completed'
  const why = problem ?? (standing === 'over' ? reason : isQuiet ? undefined : standsStill?.sentence)
  if (why !== undefined && why !== null) return visibleText(why)
  return lastText === null ? '' : visibleText(`“${lastText}”`)
}
