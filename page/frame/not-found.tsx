import { visibleText } from '../../src/text.ts'

export const NotFound = ({ path }: { readonly path: string }) => (
  <section class="empty">
    <h1>There is no page {visibleText(path)}</h1>
    <p>
      <a href="/runs">All runs</a>
    </p>
  </section>
)
