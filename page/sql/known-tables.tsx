import type { SqlCatalog } from '../server/contract.ts'

/** Tables and columns that can be asked; a press puts a name into the text. */
export const KnownTables = ({ tables, insert }: { readonly tables: SqlCatalog['tables']; readonly insert: (name: string) => void }) => (
  <section aria-label="Tables">
    <h2>Tables</h2>
    {tables.map(({ name, about, columns }) => (
      <details key={name}>
        <summary>
          <code>{name}</code>
        </summary>
        <p class="faint">{about}</p>
        <Name name={name} insert={insert} />
        <ul>
          {columns.map((column) => (
            <li key={column.name} title={column.about}>
              <Name name={column.name} insert={insert} />{' '}
              <span class="faint">
                {column.type}
                {column.nullable && ', may be null'}
              </span>
            </li>
          ))}
        </ul>
      </details>
    ))}
  </section>
)

const Name = ({ name, insert }: { readonly name: string; readonly insert: (name: string) => void }) => (
  <button
    type="button"
    class="plain mono"
    aria-label={`Insert ${name}`}
    onClick={() => {
      insert(name)
    }}
  >
    {name}
  </button>
)
