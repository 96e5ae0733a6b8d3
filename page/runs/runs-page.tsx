import { useSelector } from '@xstate/store-preact'
import { useEffect } from 'preact/hooks'
import { address, hrefOf } from '../address/address.ts'
import { useKeys } from '../keys/keys.ts'
import { Behind } from '../parts/behind.tsx'
import { ProblemCard } from '../parts/problem-card.tsx'
import { screen } from '../parts/screen.ts'
import { WindowList } from '../parts/window-list.tsx'
import { onChangeLookUp } from './changes.ts'
import { FilterBar } from './filter-bar.tsx'
import { listActions } from './list-keys.ts'
import { NoRuns } from './no-runs.tsx'
import { Peek } from './peek.tsx'
import { RunLine } from './run-row.tsx'
import { runs, searchOf } from './runs-store.ts'
import { SearchBox } from './search-box.tsx'

const ROW_HEIGHT = { wide: 32, narrow: 62 }

const lookAgain = (): void => {
  runs.trigger.asked({ search: runs.getSnapshot().context.search })
}

export const RunsPage = () => {
  const query = useSelector(address, ({ context }) => context.query)
  const search = hrefOf('', searchOf(query))
  useEffect(() => {
    runs.trigger.asked({ search: searchOf(query) })
  }, [search])
  useEffect(
    () =>
      onChangeLookUp(lookAgain, (rows) => {
        runs.trigger.rowsChanged({ rows })
      }),
    [],
  )
  const peek = query['peek']
  return (
    <div class="runs">
      <h1 class="unseen">Runs</h1>
      <div class="asked">
        <FilterBar query={query} />
        <SearchBox text={query['q'] ?? ''} />
      </div>
      <div class="columns">
        <div class="list">
          <List selected={peek} />
        </div>
        {peek !== undefined && <Peek runId={peek} />}
      </div>
    </div>
  )
}

const List = ({ selected }: { readonly selected: string | undefined }) => {
  const { rows, stuck, state, error, next, behind } = useSelector(runs, ({ context }) => context)
  const isNarrow = useSelector(screen, ({ context }) => context.isNarrow)
  const index = rows.findIndex(({ runId }) => runId === selected)
  useKeys(listActions)
  if (state === 'loading') return <p class="loading faint">Loading …</p>
  return (
    <>
      {error !== undefined && <ProblemCard error={error} retry={lookAgain} />}
      <Behind behind={behind} lookAgain={lookAgain} />
      {stuck.length > 0 && (
        <section class="stuck" aria-label="Stuck">
          {stuck.map((row) => (
            <RunLine key={row.runId} row={row} isSelected={row.runId === selected} />
          ))}
        </section>
      )}
      {rows.length === 0 && state === 'loaded' && <NoRuns />}
      {rows.length > 0 && (
        <WindowList
          label="Runs"
          count={rows.length}
          rowHeight={isNarrow ? ROW_HEIGHT.narrow : ROW_HEIGHT.wide}
          selected={index < 0 ? undefined : index}
          row={(at) => {
            const row = rows[at]
            return row === undefined ? null : <RunLine key={row.runId} row={row} isSelected={at === index} />
          }}
          reached={(last) => {
            if (next !== null && last >= rows.length - 50) runs.trigger.moreWanted()
          }}
        />
      )}
    </>
  )
}
