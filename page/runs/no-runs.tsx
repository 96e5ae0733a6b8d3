import { useSelector } from '@xstate/store-preact'
import { visibleText } from '../../src/text.ts'
import { address, hrefOf } from '../address/address.ts'
import { Link } from '../address/link.tsx'
import { CopyButton } from '../parts/copy-button.tsx'
import { searchOf } from './runs-store.ts'

/** An empty list says why, and what would fill it. */
export const NoRuns = () => {
  const query = useSelector(address, ({ context }) => context.query)
  const search = Object.entries(searchOf(query)).filter(([name]) => name !== 'order')
  if (search.length > 0) {
    return (
      <section class="empty">
        <h2>No run fits</h2>
        <p>
          {search.map(([name, value]) => (
            <Link key={name} class="chip" to={hrefOf('/runs', { ...query, [name]: undefined })}>
              {name}: {visibleText(value)} ✕
            </Link>
          ))}
        </p>
        <p>
          <Link to="/runs">All runs</Link>
        </p>
      </section>
    )
  }
  const command = `curl ${location.origin}/v1/runs --json '{"agent":"AGENT","message":"Hello"}'`
  return (
    <section class="empty">
      <h2>There is no run yet</h2>
      <p>
        <code>{command}</code> <CopyButton text={command} what="command" />
      </p>
      <p class="faint">Agents are those of the configuration that the service was started with.</p>
    </section>
  )
}
