import { useSelector } from '@xstate/store-preact'
import { count } from '../../src/projections/amount-text.ts'
import { hrefOf, setQuery, type Query } from '../address/address.ts'
import { Link } from '../address/link.tsx'
import { KeptViews } from './kept-views.tsx'
import { runs } from './runs-store.ts'
import { filters } from './standing-text.ts'

const ORDERS = [
  { name: 'newest', text: 'newest event first' },
  { name: 'started', text: 'started last first' },
  { name: 'waiting', text: 'waiting longest first' },
  { name: 'cost', text: 'dearest first' },
  { name: 'tokens', text: 'most tokens first' },
]

export const FilterBar = ({ query }: { readonly query: Query }) => {
  const counts = useSelector(runs, ({ context }) => context.counts)
  return (
    <div class="filters">
      <nav aria-label="Filters">
        {filters.map((filter) => {
          const isOn = (['standing', 'stuck', 'status'] as const).every((name) => (query[name] ?? '') === (filter.query[name] ?? ''))
          return (
            <Link
              key={filter.name}
              class="chip"
              to={hrefOf('/runs', { ...query, peek: undefined, ...filter.query })}
              {...(isOn ? { 'aria-current': true as const } : {})}
            >
              {filter.name} {counts !== undefined && <span class="number">{count(filter.count(counts))}</span>}
            </Link>
          )
        })}
      </nav>
      <KeptViews />
      <select
        aria-label="Order"
        value={query['order'] ?? 'newest'}
        onChange={({ currentTarget }) => {
          setQuery({ order: currentTarget.value === 'newest' ? undefined : currentTarget.value })
        }}
      >
        {ORDERS.map(({ name, text }) => (
          <option key={name} value={name}>
            {text}
          </option>
        ))}
      </select>
    </div>
  )
}
