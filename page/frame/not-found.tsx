import { Link } from '../address/link.tsx'
import { visibleText } from '../../src/text.ts'

const LONGEST = 200

export const NotFound = ({ path }: { readonly path: string }) => (
  <section class="empty">
    <h1>There is no page {visibleText(path.slice(0, LONGEST))}</h1>
    <p>
      <Link to="/runs">All runs</Link>
    </p>
  </section>
)
