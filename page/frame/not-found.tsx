import { Link } from '../address/link.tsx'
import { visibleText } from '../../src/text.ts'

export const NotFound = ({ path }: { readonly path: string }) => (
  <section class="empty">
    <h1>There is no page {visibleText(path)}</h1>
    <p>
      <Link to="/runs">All runs</Link>
    </p>
  </section>
)
