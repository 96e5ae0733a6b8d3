import { useSelector } from '@xstate/store-preact'
import { useEffect } from 'preact/hooks'
import { sourcesText, type RowFork } from '../../src/projections/row-fork.ts'
import { visibleText } from '../../src/text.ts'
import { hrefOf } from '../address/address.ts'
import { Link } from '../address/link.tsx'
import { diffHref } from '../diff/diff-href.ts'
import { onChangeLookUp } from '../runs/changes.ts'
import { runHref } from '../runs/run-row.tsx'
import { forks } from './forks-store.ts'
import type { RunAt } from './run-fold.ts'
import { openRun } from './run-store.ts'

/** Of a fork: of which run it is, what it may do, and how many of its results are from where. */
export const ForkBanner = ({ runId, fork }: { readonly runId: string; readonly fork: RowFork }) => {
  const forked = useSelector(openRun, ({ context }) => (context.runId === runId ? context.rows[fork.revision + 1] : undefined))
  const changes = forked?.changes ?? []
  return (
    <p class="fork-banner">
      <span>
        <span aria-hidden="true">↱</span> Fork of{' '}
        <Link to={hrefOf(runHref(fork.runId), { at: String(fork.revision) })}>{visibleText(fork.runId)}</Link> at #{fork.revision}
        {changes.length > 0 && `, with other ${changes.map((name) => WORDS[name] ?? name).join(', ')}`} ·{' '}
        {fork.real.length === 0 && forked?.reads !== true ? (
          'sealed'
        ) : (
          <Real tools={[...fork.real, ...(forked?.reads === true ? ['all that only read'] : [])]} />
        )}
      </span>
      <span>{sourcesText(fork.counts)}</span>
      <Link to={diffHref(fork.runId, runId)}>Compare with its origin</Link>
    </p>
  )
}

const WORDS: Readonly<Record<string, string>> = { results: 'results', agentVersion: 'version' }

/** Of a fork with its origin; of any other run with one that is chosen there. */
export const diffFrom = (runId: string, newest: RunAt | undefined): string =>
  newest?.fork === undefined ? diffHref(runId) : diffHref(newest.fork.runId, runId)

/** Tools of a fork that are executed. */
const Real = ({ tools }: { readonly tools: readonly string[] }) => <span class="source real">REAL {visibleText(tools.join(', '))}</span>

/** The forks that were made of a run, where there are any. */
export const ForkList = ({ runId }: { readonly runId: string }) => {
  const found = useSelector(forks, ({ context }) => (context.runId === runId ? context.forks : undefined)) ?? []
  useEffect(() => {
    const look = (): void => {
      forks.trigger.wanted({ runId })
    }
    look()
    return onChangeLookUp(look)
  }, [runId])
  if (found.length === 0) return null
  return (
    <nav class="forks" aria-label="Forks of this run">
      <span class="faint">Forks</span>
      {found.map(({ runId: forkId, fork }) => (
        <span key={forkId}>
          <Link to={runHref(forkId)}>{visibleText(forkId)}</Link> at #{fork?.revision}{' '}
          {fork !== undefined && fork.real.length > 0 && <Real tools={fork.real} />}
        </span>
      ))}
    </nav>
  )
}
