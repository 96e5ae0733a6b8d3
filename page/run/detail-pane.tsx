import { useSelector } from '@xstate/store-preact'
import { useEffect, useMemo } from 'preact/hooks'
import type { OutlineRow } from '../../src/projections/outline-row.ts'
import { visibleText } from '../../src/text.ts'
import { Link } from '../address/link.tsx'
import { JsonTree } from '../json/json-tree.tsx'
import { promptHref } from '../prompt/prompt-page.tsx'
import { ProblemCard } from '../parts/problem-card.tsx'
import { Time } from '../preferences/time.tsx'
import type { OneEvent } from '../server/contract.ts'
import { changesBetween } from './changes.ts'
import { checkHere } from './check.ts'
import { moveTo } from './cursor.ts'
import { events, fieldKey } from './event-store.ts'
import type { RunAt } from './run-fold.ts'
import { scoresAt } from './run-scores.ts'
import { openRun } from './run-store.ts'
import { sourceOf } from './source-of.ts'
import { Source } from './source.tsx'

const SOON_MS = 150
const MOST_EFFECTS = 20

interface DetailPaneProps {
  readonly runId: string
  readonly row: OutlineRow
  readonly state: RunAt
  readonly before: RunAt | undefined
}

/** The event at the cursor: what it says, what it has changed, what led to it and to what it led. */
export const DetailPane = ({ runId, row, state, before }: DetailPaneProps) => {
  const start = useSelector(openRun, ({ context }) => context.rows[0]?.at)
  return (
    <div class="detail">
      <h3>
        #{row.revision} {visibleText(row.type)}
      </h3>
      <Source source={sourceOf(row, state.fork?.revision)} />
      <p class="faint">
        <Time at={row.at} {...(start === undefined ? {} : { since: start })} />
        {row.actor !== undefined && ` by ${visibleText(row.actor)}`}
        {row.ignored === true && ', of no use to the chart'}
      </p>
      {row.callId !== undefined && row.type.startsWith('ModelCall') && (
        <p>
          <Link to={promptHref(runId, row.callId, row.attempt)}>What exactly the model was asked</Link>
        </p>
      )}
      <Links row={row} />
      <p>
        <button type="button" title="v" onClick={checkHere}>
          Check against the server
        </button>
      </p>
      <h4>Changed here</h4>
      <dl>
        {changesBetween(before, state).map(({ what, words }, index) => (
          <div key={index} class="change">
            <dt>{visibleText(what)}</dt>
            <dd>{visibleText(words)}</dd>
          </div>
        ))}
      </dl>
      <Scores cursor={row.revision} copiedTo={state.fork?.revision} />
      <Body runId={runId} revision={row.revision} />
    </div>
  )
}

const MOST_SCORES = 50

/** What was made of the run by then. */
const Scores = ({ cursor, copiedTo }: { readonly cursor: number; readonly copiedTo: number | undefined }) => {
  const rows = useSelector(openRun, ({ context }) => context.rows)
  const scores = useMemo(() => scoresAt(rows, cursor, copiedTo), [rows, cursor, copiedTo])
  if (scores.length === 0) return null
  return (
    <>
      <h4>Scores</h4>
      <dl>
        {scores.slice(-MOST_SCORES).map(({ name, by, value, passed, about }) => (
          <div key={`${name} ${by}`} class="change">
            <dt>{visibleText(name)}</dt>
            <dd>
              {value} {passed !== undefined && (passed ? 'passed ' : 'failed ')}by {visibleText(by)}{' '}
              {about !== undefined && <EventButton revision={about} />}
            </dd>
          </div>
        ))}
      </dl>
    </>
  )
}

const Links = ({ row }: { readonly row: OutlineRow }) => {
  const rows = useSelector(openRun, ({ context }) => context.rows)
  const byCause = useMemo(() => Map.groupBy(rows, ({ cause }) => cause), [rows])
  const effects = (byCause.get(row.revision) ?? []).slice(0, MOST_EFFECTS)
  return (
    <p>
      {row.cause !== undefined && (
        <>
          cause <EventButton revision={row.cause} />{' '}
        </>
      )}
      {effects.length > 0 && 'effects '}
      {effects.map(({ revision }) => (
        <EventButton key={revision} revision={revision} />
      ))}
    </p>
  )
}

const EventButton = ({ revision }: { readonly revision: number }) => (
  <button
    type="button"
    class="plain"
    onClick={() => {
      moveTo(revision)
    }}
  >
    #{revision}
  </button>
)

/** The payload comes when the cursor has rested. */
const Body = ({ runId, revision }: { readonly runId: string; readonly revision: number }) => {
  const known = useSelector(events, ({ context }) => (context.runId === runId ? context.byRevision.get(revision) : undefined))
  const error = useSelector(events, ({ context }) => context.error)
  useEffect(() => {
    const timer = setTimeout(() => {
      events.trigger.wanted({ runId, revision })
    }, SOON_MS)
    return () => {
      clearTimeout(timer)
    }
  }, [runId, revision])
  if (known === undefined) return error === undefined ? <p class="faint">Loading …</p> : <ProblemCard error={error} />
  return <Payload known={known} revision={revision} />
}

const Payload = ({ known, revision }: { readonly known: OneEvent; readonly revision: number }) => {
  const fields = useSelector(events, ({ context }) => context.fields)
  return (
    <>
      {known.problem !== undefined && <p class="problem">{visibleText(known.problem)}</p>}
      <h4>Data</h4>
      <JsonTree key={`data ${revision}`} value={known.event.data} />
      {known.large.map(({ field, length }) => {
        const name = fieldKey(revision, field)
        return fields.has(name) ? (
          <JsonTree key={name} name={field} value={fields.get(name)} />
        ) : (
          <button
            key={name}
            type="button"
            onClick={() => {
              events.trigger.fieldWanted({ revision, field })
            }}
          >
            Load {visibleText(field)}, {length.toLocaleString('en')} characters
          </button>
        )
      })}
      <h4>Envelope</h4>
      <JsonTree key={`meta ${revision}`} value={known.event.meta} depth={2} />
    </>
  )
}
