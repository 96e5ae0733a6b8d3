import { useState } from 'preact/hooks'
import { count, duration, money } from '../../src/projections/amount-text.ts'
import { comparedContent, type DiffEvent, type DiffPair } from '../../src/projections/run-diff.ts'
import { visibleText } from '../../src/text.ts'
import { hrefOf } from '../address/address.ts'
import { Link } from '../address/link.tsx'
import { JsonTree } from '../json/json-tree.tsx'
import { Source } from '../run/source.tsx'
import { runHref } from '../runs/run-row.tsx'
import type { Compared, Side } from './diff-store.ts'
import { JsonDiff } from './json-diff.tsx'

const SAYS: Readonly<Record<DiffPair['kind'], string>> = {
  equal: '= equal',
  different: '≠ different',
  onlyA: 'only in A',
  onlyB: 'only in B',
}

interface PairRowProps {
  readonly pair: DiffPair
  readonly compared: Compared
  readonly isFirst: boolean
}

/** One event of each run, or of one of them alone; opened, what they say each for itself. */
export const PairRow = ({ pair, compared, isFirst }: PairRowProps) => {
  const [isOpen, setOpen] = useState(false)
  const differs = pair.kind !== 'equal'
  return (
    <div class={`pair ${pair.kind} ${differs ? 'differs' : ''}`} role="listitem" {...(differs ? { tabIndex: -1 } : {})}>
      <p class="mark">
        {SAYS[pair.kind]} {isFirst && <strong>first difference</strong>}
        <button
          type="button"
          class="plain"
          aria-expanded={isOpen}
          onClick={() => {
            setOpen(!isOpen)
          }}
        >
          {isOpen ? 'Hide what they say' : 'What they say'}
        </button>
      </p>
      <EventOf name="A" event={pair.a} side={compared.a} />
      <EventOf name="B" event={pair.b} side={compared.b} />
      {isOpen && <Content pair={pair} compared={compared} />}
    </div>
  )
}

const EventOf = ({ name, event, side }: { readonly name: string; readonly event: DiffEvent | null; readonly side: Side }) => {
  if (event === null) return <p class="side none faint">{name}: nothing of the kind</p>
  const { revision, type, what, source, summary, place } = event
  return (
    <div class="side">
      <p>
        <span class="unseen">{name}</span> <Link to={hrefOf(runHref(side.place.runId), { at: String(revision) })}>#{revision}</Link>{' '}
        <strong>{visibleText(type)}</strong> {what !== null && <span class="mono">{visibleText(what)}</span>}{' '}
        <Source source={source === 'real' ? 'REAL' : (source ?? undefined)} />
        <span class="faint number"> {factsOf(event)}</span>
      </p>
      <p class="summary">{visibleText(summary.slice(0, LONGEST))}</p>
      <p class="faint mono">→ {visibleText(place)}</p>
    </div>
  )
}

const LONGEST = 300

const factsOf = ({ durationMs, tokens, costMicroUsd }: DiffEvent): string =>
  [
    durationMs === null ? '' : duration(durationMs),
    tokens === null ? '' : `${count(tokens)} tokens`,
    costMicroUsd === null ? '' : money(costMicroUsd),
  ]
    .filter((fact) => fact !== '')
    .join(' · ')

const Content = ({ pair, compared }: { readonly pair: DiffPair; readonly compared: Compared }) => {
  const [a, b] = [contentAt(compared.a, pair.a), contentAt(compared.b, pair.b)]
  return <div class="content">{a === undefined || b === undefined ? <JsonTree value={a ?? b} /> : <JsonDiff a={a} b={b} />}</div>
}

/** Ids, times and owners are every run's own. */
const contentAt = ({ events }: Side, event: DiffEvent | null): unknown => {
  const whole = event === null ? undefined : events[event.revision]
  return whole && comparedContent(whole)
}
