import { useMemo, useState } from 'preact/hooks'
import { diffItems } from './diff-items.ts'
import type { Compared } from './diff-store.ts'
import { PairRow } from './pair-row.tsx'

const AT_ONCE = 200

/** All that lies behind the common beginning. */
export const PairList = ({ compared }: { readonly compared: Compared }) => {
  const items = useMemo(() => diffItems(compared.diff.pairs), [compared])
  const [shown, setShown] = useState(AT_ONCE)
  if (items.length === 0) return null
  return (
    <div class="pairs" role="list" aria-label="Differences">
      {items.slice(0, shown).map((item) =>
        item.kind === 'pair' ? (
          <PairRow key={item.key} pair={item.pair} compared={compared} isFirst={item.isFirst} />
        ) : (
          <details key={item.key} class="equals" role="listitem">
            <summary>{item.pairs.length} equal events</summary>
            <div role="list">
              {item.pairs.map((pair) => (
                <PairRow key={pair.a?.revision} pair={pair} compared={compared} isFirst={false} />
              ))}
            </div>
          </details>
        ),
      )}
      {items.length > shown && (
        <button
          type="button"
          class="more differs"
          onClick={() => {
            setShown(shown + AT_ONCE)
          }}
        >
          {items.length - shown} more
        </button>
      )}
    </div>
  )
}
