import { useRef } from 'preact/hooks'
import { address, go, hrefOf } from '../address/address.ts'
import { KeptList } from '../parts/kept-list.tsx'
import { searchOf } from './runs-store.ts'

/** What the list was asked for, under names: an address is all that is kept. */
export const KeptViews = () => {
  const box = useRef<HTMLDetailsElement>(null)
  const close = (): void => {
    box.current?.removeAttribute('open')
  }
  return (
    <details
      ref={box}
      class="views"
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return
        event.stopPropagation()
        close()
        box.current?.querySelector('summary')?.focus()
      }}
    >
      <summary class="chip">☆ views</summary>
      <div class="views-list">
        <KeptList
          list="views"
          what="view"
          open={(text) => {
            close()
            go(text)
          }}
          current={() => hrefOf('/runs', searchOf(address.getSnapshot().context.query))}
        />
      </div>
    </details>
  )
}
