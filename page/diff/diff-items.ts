import type { DiffPair } from '../../src/projections/run-diff.ts'

/** A row of two runs side by side: one pair of events, or several that are equal. */
export type DiffItem =
  | { readonly kind: 'pair'; readonly key: string; readonly pair: DiffPair; readonly isFirst: boolean }
  | { readonly kind: 'equal'; readonly key: string; readonly pairs: readonly DiffPair[] }

/** So many equal ones in a row are folded. */
const FOLDED_FROM = 3

const keyOf = ({ a, b }: DiffPair): string => `${a?.revision ?? ''}/${b?.revision ?? ''}`

export const diffItems = (pairs: readonly DiffPair[]): readonly DiffItem[] => {
  const items: DiffItem[] = []
  let equal: DiffPair[] = []
  let hasDiffered = false
  const close = (): void => {
    const [first] = equal
    if (first !== undefined && equal.length >= FOLDED_FROM) items.push({ kind: 'equal', key: keyOf(first), pairs: equal })
    else items.push(...equal.map((pair) => ({ kind: 'pair', key: keyOf(pair), pair, isFirst: false }) as const))
    equal = []
  }
  for (const pair of pairs) {
    if (pair.kind === 'equal') {
      equal.push(pair)
      continue
    }
    close()
    items.push({ kind: 'pair', key: keyOf(pair), pair, isFirst: !hasDiffered })
    hasDiffered = true
  }
  close()
  return items
}
