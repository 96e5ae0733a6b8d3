import { useSelector } from '@xstate/store-preact'
import { useMemo } from 'preact/hooks'
import { valueLine } from '../../src/projections/printable.ts'
import { visibleText } from '../../src/text.ts'
import { hrefOf } from '../address/address.ts'
import { pathPart } from '../address/path-part.ts'
import type { JsonChange } from '../diff/json-changes.ts'
import { ProblemCard } from '../parts/problem-card.tsx'
import { shortText } from '../parts/short-text.ts'
import { forgetAnswers, useAnswer } from '../server/answers.ts'
import type { Run } from '../server/contract.ts'
import { checked } from './check.ts'
import type { RunAt } from './run-fold.ts'
import { firstDifference } from './server-check.ts'

interface CheckBarProps {
  readonly runId: string
  readonly cursor: number
  readonly state: RunAt | undefined
}

/** Whether the server folds the run to the same at the event that was asked for, while the cursor stands there. */
export const CheckBar = ({ runId, cursor, state }: CheckBarProps) => {
  const wanted = useSelector(checked, ({ context }) => context)
  if (state === undefined || wanted.runId !== runId || wanted.revision !== cursor) return null
  return (
    <div class="check" role="status">
      <Answer runId={runId} revision={cursor} state={state} />
      <button type="button" onClick={checked.trigger.closed}>
        Close
      </button>
    </div>
  )
}

const Answer = ({ runId, revision, state }: { readonly runId: string; readonly revision: number; readonly state: RunAt }) => {
  const { value, error } = useAnswer<Run>(hrefOf(`/v1/runs/${pathPart(runId)}`, { revision: String(revision) }))
  if (error !== undefined) return <ProblemCard error={error} retry={forgetAnswers} />
  if (value === undefined) return <span class="faint">Asking the server …</span>
  if (value.unfolded !== null) return <span>? Not checked: the server cannot fold it. {visibleText(value.problem ?? value.unfolded)}</span>
  return <Compared revision={revision} run={value} state={state} />
}

const Compared = ({ revision, run, state }: { readonly revision: number; readonly run: Run; readonly state: RunAt }) => {
  const difference = useMemo(() => firstDifference(state, run), [state, run])
  if (difference === undefined)
    return (
      <span>
        <strong class="sign good">✓ checked against the server</strong> At #{revision} it says the same: where the charts stand, open work,
        timers, questions, and what was spent.
      </span>
    )
  return (
    <span>
      <strong class="sign bad">! differs from the server</strong> At #{revision} <code>{shortText(difference.path)}</code> is{' '}
      <Side difference={difference} of="a" /> here and <Side difference={difference} of="b" /> at the server.
    </span>
  )
}

const Side = ({ difference, of }: { readonly difference: JsonChange; readonly of: 'a' | 'b' }) =>
  of in difference ? <code>{shortText(valueLine(difference[of]))}</code> : <em>absent</em>
