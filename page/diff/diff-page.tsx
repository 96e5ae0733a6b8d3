import { useSelector } from '@xstate/store-preact'
import { useEffect } from 'preact/hooks'
import { counted } from '../../src/projections/amount-text.ts'
import { eventLine } from '../../src/projections/event-summary.ts'
import { visibleText } from '../../src/text.ts'
import { go } from '../address/address.ts'
import { Link } from '../address/link.tsx'
import { useKeys } from '../keys/keys.ts'
import { ProblemCard } from '../parts/problem-card.tsx'
import { forks } from '../run/forks-store.ts'
import { runHref } from '../runs/run-row.tsx'
import '../style/diff.css'
import { DiffChart } from './diff-chart.tsx'
import { diffHref } from './diff-href.ts'
import { diffActions } from './diff-keys.ts'
import { comparison, runPlace, type Compared } from './diff-store.ts'
import { PairList } from './pair-list.tsx'
import { PromptDiff } from './prompt-diff.tsx'
import { Totals } from './totals.tsx'

/** Two runs side by side, from their first difference on. `a`, `b`: a run, or a run up to a revision, as `RUN@17`. */
export const DiffPage = ({ a, b }: { readonly a: string; readonly b: string }) => {
  const isAsked = a !== '' && b !== ''
  useEffect(() => {
    if (isAsked) comparison.trigger.wanted({ a, b })
  }, [a, b])
  useKeys(diffActions)
  return (
    <div class="diff">
      <h1>Two runs side by side</h1>
      <Choose key={`${a} ${b}`} a={a} b={b} />
      {a !== '' && b === '' && <ForksOf runId={runPlace(a).runId} a={a} />}
      {isAsked && <Found />}
    </div>
  )
}

const Found = () => {
  const { compared, loaded, error, problem } = useSelector(comparison, ({ context }) => context)
  if (error !== undefined) return <ProblemCard error={error} />
  if (problem !== undefined) {
    return (
      <p class="problem" role="alert">
        {visibleText(problem)}
      </p>
    )
  }
  return compared === undefined ? <p class="faint">{loaded} events by now …</p> : <Shown compared={compared} />
}

const Choose = ({ a, b }: { readonly a: string; readonly b: string }) => (
  <form
    class="choose"
    onSubmit={(event) => {
      event.preventDefault()
      const given = new FormData(event.currentTarget)
      const [one, other] = [given.get('a'), given.get('b')]
      if (typeof one !== 'string' || typeof other !== 'string') return
      if (one.trim() === a && other.trim() === b) comparison.trigger.wanted({ a, b })
      else go(diffHref(one.trim(), other.trim()))
    }}
  >
    <label>
      A <input type="text" name="a" defaultValue={a} required spellcheck={false} placeholder="run, or run@17" />
    </label>
    <label>
      B <input type="text" name="b" defaultValue={b} required spellcheck={false} placeholder="run, or run@17" />
    </label>
    <button type="submit">Compare</button>
  </form>
)

/** What one most likely wants to compare with. */
const ForksOf = ({ runId, a }: { readonly runId: string; readonly a: string }) => {
  const found = useSelector(forks, ({ context }) => (context.runId === runId ? context.forks : undefined)) ?? []
  useEffect(() => {
    forks.trigger.wanted({ runId })
  }, [runId])
  if (found.length === 0) return <p>Say with which run it is to be compared.</p>
  return (
    <p>
      With one of its forks:{' '}
      {found.map((row) => (
        <span key={row.runId}>
          <Link to={diffHref(a, row.runId)}>{visibleText(row.runId)}</Link>{' '}
        </span>
      ))}
    </p>
  )
}

const Shown = ({ compared }: { readonly compared: Compared }) => {
  const { a, b, diff } = compared
  return (
    <>
      <div class="pair heads">
        <h2 class="side">
          A <Link to={runHref(a.place.runId)}>{visibleText(a.place.runId)}</Link>
          {a.place.revision !== undefined && ` up to #${a.place.revision}`}
        </h2>
        <h2 class="side">
          B <Link to={runHref(b.place.runId)}>{visibleText(b.place.runId)}</Link>
          {b.place.revision !== undefined && ` up to #${b.place.revision}`}
        </h2>
      </div>
      <Totals totals={diff.totals} />
      <Common compared={compared} />
      <DiffChart compared={compared} />
      <PairList compared={compared} />
      {diff.isCut && <p class="faint">What lies behind 2,000 events of each is not compared.</p>}
      {diff.prompts !== null && <PromptDiff prompts={diff.prompts} compared={compared} />}
    </>
  )
}

const MOST_COMMON = 500

/** The beginning that both have in common, folded. */
const Common = ({ compared: { a, diff } }: { readonly compared: Compared }) => {
  const { common, partsAt } = diff
  const shown = a.events.slice(0, partsAt.a ?? a.events.length)
  const hasParted = partsAt.a !== null || partsAt.b !== null
  return (
    <details class="common">
      <summary>
        {counted(common, 'event')} in common
        {hasParted ? `; they part at ${placeText(partsAt.a)} of A and ${placeText(partsAt.b)} of B` : ', and no difference'}
      </summary>
      <ol>
        {shown.slice(-MOST_COMMON).map((event) => (
          <li key={event.revision}>
            #{event.revision} {event.type} <span class="faint">{visibleText(eventLine(event).slice(0, 200))}</span>
          </li>
        ))}
      </ol>
    </details>
  )
}

const placeText = (revision: number | null): string => (revision === null ? 'the end' : `#${revision}`)
