import { useSelector } from '@xstate/store-preact'
import { visibleText } from '../../src/text.ts'
import { preferences } from '../preferences/preferences.ts'
import type { SqlCatalog } from '../server/contract.ts'

interface KnownQueriesProps {
  readonly queries: SqlCatalog['queries']
  /** Asks it at once, or leaves it to be filled in where it takes values. */
  readonly take: (sql: string) => void
  /** What stands in the text now. */
  readonly written: () => string
}

/** Queries that have a name: built in, of the project, and those that this browser keeps. */
export const KnownQueries = ({ queries, take, written }: KnownQueriesProps) => {
  const own = useSelector(preferences, ({ context }) => context.queries)
  return (
    <section aria-label="Queries">
      <h2>Queries</h2>
      <Group name="built in" queries={queries.filter((query) => query.of === 'refold')} take={take} />
      <Group name="of the project" queries={queries.filter((query) => query.of === 'project')} take={take} />
      <h3>own</h3>
      <ul>
        {own.map(({ name, text }) => (
          <li key={name}>
            <button
              type="button"
              class="plain"
              onClick={() => {
                take(text)
              }}
            >
              {visibleText(name)}
            </button>
            <button
              type="button"
              class="plain"
              aria-label={`Forget ${visibleText(name)}`}
              onClick={() => {
                preferences.trigger.forgotten({ list: 'queries', name })
              }}
            >
              ✕
            </button>
          </li>
        ))}
      </ul>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          const name = new FormData(event.currentTarget).get('name')
          const text = written()
          if (typeof name !== 'string' || name.trim() === '' || text === '') return
          preferences.trigger.kept({ list: 'queries', named: { name: name.trim(), text } })
          event.currentTarget.reset()
        }}
      >
        <input name="name" aria-label="Name of the query" placeholder="name" maxLength={60} required />
        <button type="submit">Keep</button>
      </form>
    </section>
  )
}

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
