import { visibleText } from '../../src/text.ts'
import { KeptList } from '../parts/kept-list.tsx'
import type { SqlCatalog } from '../server/contract.ts'

interface KnownQueriesProps {
  readonly queries: SqlCatalog['queries']
  /** Asks it at once, or leaves it to be filled in where it takes values. */
  readonly take: (sql: string) => void
  /** What stands in the text now. */
  readonly written: () => string
}

/** Queries that have a name: built in, of the project, and those that this browser keeps. */
export const KnownQueries = ({ queries, take, written }: KnownQueriesProps) => (
  <section aria-label="Queries">
    <h2>Queries</h2>
    <Group name="built in" queries={queries.filter((query) => query.of === 'refold')} take={take} />
    <Group name="of the project" queries={queries.filter((query) => query.of === 'project')} take={take} />
    <h3>own</h3>
    <KeptList list="queries" what="query" open={take} current={written} />
  </section>
)

const Group = ({ name, queries, take }: { readonly name: string } & Pick<KnownQueriesProps, 'queries' | 'take'>) =>
  queries.length === 0 ? null : (
    <>
      <h3>{name}</h3>
      <ul>
        {queries.map((query) => (
          <li key={query.name}>
            <button
              type="button"
              class="plain"
              title={query.about}
              onClick={() => {
                take(query.sql)
              }}
            >
              {visibleText(query.name)}
            </button>
          </li>
        ))}
      </ul>
    </>
  )
