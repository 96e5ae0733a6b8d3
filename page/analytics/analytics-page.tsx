import type { ComponentChildren } from 'preact'
import { useMemo } from 'preact/hooks'
import { hrefOf, setQuery, type Query } from '../address/address.ts'
import { ProblemCard } from '../parts/problem-card.tsx'
import { RangePicker } from '../parts/range-picker.tsx'
import { rangeOf } from '../parts/range.ts'
import { shortText } from '../parts/short-text.ts'
import { forgetAnswers, useRows } from '../server/answers.ts'
import type { UsageRow, VersionRow, ViewPage } from '../server/contract.ts'
import { OneFigure } from './figure.tsx'
import { figures, partIn, parts, partTexts, slotLength, slotsOf, usageViews, type Part, type UsageView } from './usage.ts'

const USUAL_RANGE = '7d'
/** Where no time is chosen, by weeks. */
const ALL_MS = 365 * 86_400_000

/** What happens over time, in small figures with one axis of time. */
export const AnalyticsPage = ({ query }: { readonly query: Query }) => {
  const now = useMemo(() => Date.now(), [query['since'], query['until']])
  const range = rangeOf({ since: USUAL_RANGE, ...query }, now)
  const part = parts.find((each) => each === query['by']) ?? 'model'
  const until = range.until ?? now
  const everyMs = slotLength(range.since === undefined ? ALL_MS : Math.max(1, until - range.since))
  const { pages, error } = useUsage(part, { ...query, since: range.since?.toString(), until: range.until?.toString() }, everyMs)
  return (
    <section class="figures">
      <h1>Analytics</h1>
      <Choices query={query} part={part}>
        <RangePicker query={query} range={range} usual={USUAL_RANGE} />
      </Choices>
      {error !== undefined && <ProblemCard error={error} retry={forgetAnswers} />}
      {error === undefined && pages === undefined && <p class="loading faint">Loading …</p>}
      {pages !== undefined && usageViews.some((view) => pages[view].next !== null) && (
        <p class="faint">There is more in this time than is shown here: choose a shorter one.</p>
      )}
      {pages !== undefined && (
        <div class="plots">
          {figures.map((figure) => {
            const page = pages[figure.view]
            const slots = slotsOf(page.rows, { since: range.since, until, everyMs })
            const shown = { figure, page, slots, everyMs, part: partIn(figure.view, part) }
            return <OneFigure key={figure.name} {...shown} />
          })}
        </div>
      )}
    </section>
  )
}

type Pages = Readonly<Record<UsageView, ViewPage<UsageRow>>>

const useUsage = (part: Part, { since, until, agent }: Readonly<Record<string, string | undefined>>, everyMs: number) => {
  const path = (view: UsageView): string =>
    hrefOf(`/v1/views/${view}`, { by: partIn(view, part), everyMs: String(everyMs), since, until, agent, limit: '1000', sql: 'true' })
  const answers = usageViews.map((view) => useRows<UsageRow>(path(view)))
  const values = answers.map(({ value }) => value)
  const pages = values.every((value) => value !== undefined)
    ? (Object.fromEntries(usageViews.map((view, at) => [view, values[at]])) as unknown as Pages)
    : undefined
  return { pages, error: answers.find(({ error }) => error !== undefined)?.error }
}

interface ChoicesProps {
  readonly query: Query
  readonly part: Part
  readonly children: ComponentChildren
}

const Choices = ({ query, part, children }: ChoicesProps) => {
  const versions = useRows<VersionRow>('/v1/views/versions?limit=1000').value?.rows ?? []
  const agent = query['agent']
  const agents = [...new Set([...versions.map((row) => row.agent), ...(agent === undefined ? [] : [agent])])]
  return (
    <div class="choices">
      <label>
        By{' '}
        <select
          aria-label="By"
          value={part}
          onChange={({ currentTarget: { value } }) => {
            setQuery({ by: value === 'model' ? undefined : value })
          }}
        >
          {parts.map((each) => (
            <option key={each} value={each}>
              {partTexts[each]}
            </option>
          ))}
        </select>
      </label>
      <label>
        Agent{' '}
        <select
          aria-label="Agent"
          value={agent ?? ''}
          onChange={({ currentTarget: { value } }) => {
            setQuery({ agent: value === '' ? undefined : value })
          }}
        >
          <option value="">all</option>
          {agents.map((name) => (
            <option key={name} value={name}>
              {shortText(name)}
            </option>
          ))}
        </select>
      </label>
      {children}
    </div>
  )
}
