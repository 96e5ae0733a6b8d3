import { useSelector } from '@xstate/store-preact'
import type { RefObject } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { duration } from '../../src/projections/amount-text.ts'
import { address, setFragment, type Query } from '../address/address.ts'
import { useKeys } from '../keys/keys.ts'
import { ProblemCard } from '../parts/problem-card.tsx'
import { screen } from '../parts/screen.ts'
import type { SqlCatalog } from '../server/contract.ts'
import { Answer } from './answer.tsx'
import { KnownQueries } from './known-queries.tsx'
import { KnownTables } from './known-tables.tsx'
import { sqlCopies } from './sql-copies.ts'
import { sql, type Question } from './sql-store.ts'
import { parameterCount } from './sql-text.ts'

const FIRST = 'select agent, status, count(*) as runs\nfrom refold_runs\ngroup by agent, status\norder by runs desc'

/** The text lies behind `#`, so that no log of a server holds it. */
const questionOf = ({ q, ms, ...others }: Query): Question | undefined => {
  if (q === undefined || q === '') return undefined
  const parameters = Array.from({ length: parameterCount(q) }, (_, at) => others[String(at + 1)])
  return { sql: q, parameters, timeoutMs: ms === undefined || !/^\d{1,5}$/.test(ms) ? undefined : Number(ms) }
}

/** Asks for what stands in the fields now: into the address, which asks the service. */
const ask = (fields: Query): void => {
  const question = questionOf(fields)
  if (question === undefined) return
  const before = questionOf(address.getSnapshot().context.fragment)
  if (JSON.stringify(before) === JSON.stringify(question)) sql.trigger.asked({ question })
  else setFragment(fields, 'all')
}

/** One statement in SQL that only reads, and what it finds. */
export const SqlPage = () => {
  const fragment = useSelector(address, ({ context }) => context.fragment)
  const { catalog, catalogError } = useSelector(sql, ({ context }) => context)
  const field = useRef<HTMLTextAreaElement>(null)
  const question = questionOf(fragment)
  const asked = JSON.stringify(question)
  useEffect(sql.trigger.catalogWanted, [])
  useEffect(() => {
    if (field.current !== null && question !== undefined) field.current.value = question.sql
    if (question === undefined) return
    sql.trigger.asked({ question })
    const missing = question.parameters.indexOf(undefined)
    if (missing >= 0) document.querySelector<HTMLInputElement>(`.asked-in-sql input[name="${missing + 1}"]`)?.focus()
  }, [asked])
  useKeys([
    { keys: ['Mod+Enter'], does: 'Ask', act: () => field.current?.form?.requestSubmit() },
    { keys: ['/'], does: 'To the text', act: () => field.current?.focus() },
    ...sqlCopies,
  ])
  if (catalogError !== undefined) return <ProblemCard error={catalogError} retry={sql.trigger.catalogWanted} />
  return (
    <div class="sql">
      <h1 class="unseen">SQL</h1>
      {catalog !== undefined && <Known catalog={catalog} field={field} />}
      <div class="asked-in-sql">
        <form
          onSubmit={(event) => {
            event.preventDefault()
            ask({ ...fieldsOf(event.currentTarget), q: (field.current?.value ?? '').trim() })
          }}
        >
          <Statement field={field} question={question} />
          {question?.parameters.map((value, at) => (
            <label key={at}>
              ${at + 1} <input name={String(at + 1)} defaultValue={value ?? ''} />{' '}
            </label>
          ))}
          <Controls catalog={catalog} ms={fragment['ms']} />
        </form>
        <Answer chosen={fragment['chart']} />
      </div>
    </div>
  )
}

type Field = RefObject<HTMLTextAreaElement>

/** What can be asked, and what was. */
const Known = ({ catalog, field }: { readonly catalog: SqlCatalog; readonly field: Field }) => {
  const isNarrow = useSelector(screen, ({ context }) => context.isNarrow)
  return (
    <details class="known" open={!isNarrow}>
      <summary>Queries and tables</summary>
      <KnownQueries
        queries={catalog.queries}
        take={(text) => {
          ask({ q: text })
        }}
        written={() => field.current?.value ?? ''}
      />
      <KnownTables
        tables={catalog.tables}
        insert={(name) => {
          insert(field.current, name)
        }}
      />
    </details>
  )
}

/** What was typed for each value, and when it shall end. */
const fieldsOf = (form: HTMLFormElement): Query =>
  Object.fromEntries(
    [...new FormData(form)].flatMap(([name, value]) =>
      typeof value === 'string' && !(name === 'ms' && value === '') ? [[name, value]] : [],
    ),
  )

const insert = (field: HTMLTextAreaElement | null, name: string): void => {
  if (field === null) return
  field.setRangeText(name, field.selectionStart, field.selectionEnd, 'end')
  field.focus()
}

interface StatementProps {
  readonly field: Field
  readonly question: Question | undefined
}

const Statement = ({ field, question }: StatementProps) => {
  const isRefused = useSelector(sql, ({ context }) => context.error !== undefined)
  return (
    <textarea
      ref={field}
      class="mono"
      rows={7}
      spellcheck={false}
      autocapitalize="off"
      aria-label="Statement in SQL"
      aria-invalid={isRefused}
      {...(isRefused ? { 'aria-describedby': 'sql-refused' } : {})}
      defaultValue={question?.sql ?? FIRST}
      onKeyDown={({ key }) => {
        if (key === 'Escape') sql.trigger.cancelled()
      }}
    />
  )
}

const Controls = ({ catalog, ms }: { readonly catalog: SqlCatalog | undefined; readonly ms: string | undefined }) => {
  const isAsking = useSelector(sql, ({ context }) => context.isAsking)
  const { usual = 1_000, most = 5_000 } = catalog?.limits.timeoutMs ?? {}
  return (
    <p class="buttons">
      <button type="submit" class="main">
        {isAsking ? 'Asking …' : 'Ask'}
      </button>
      <button type="button" disabled={!isAsking} onClick={sql.trigger.cancelled}>
        Cancel
      </button>
      <label>
        ends after{' '}
        <select name="ms">
          <option value="">{duration(usual)}</option>
          <option value={String(most)} selected={ms === String(most)}>
            {duration(most)}
          </option>
        </select>
      </label>
      <span class="faint">Ctrl Enter asks, Esc cancels</span>
    </p>
  )
}
