/**
 * Two lists side by side: what has the same key stands beside each other, in order, as often as that is possible (a longest common subsequence).
 * Costs the product of their lengths, in time and in 4 bytes each.
 */
export const aligned = <Item>(
  a: readonly Item[],
  b: readonly Item[],
  keyOf: (item: Item) => string,
): readonly (readonly [a: Item | undefined, b: Item | undefined])[] => {
  const [keysA, keysB] = [a.map(keyOf), b.map(keyOf)]
  const longest = lengths(keysA, keysB)
  const width = b.length + 1
  const at = (i: number, j: number): number => longest[i * width + j] ?? 0
  const pairs: [Item | undefined, Item | undefined][] = []
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && keysA[i] === keysB[j]) pairs.push([a[i++], b[j++]])
    else if (j >= b.length || (i < a.length && at(i + 1, j) >= at(i, j + 1))) pairs.push([a[i++], undefined])
    else pairs.push([undefined, b[j++]])
  }
  return pairs
}

/** Of the longest common subsequence of what is left of both from each place on. */
const lengths = (a: readonly string[], b: readonly string[]): Uint32Array => {
  const width = b.length + 1
  const longest = new Uint32Array((a.length + 1) * width)
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const skipped = Math.max(longest[(i + 1) * width + j] ?? 0, longest[i * width + j + 1] ?? 0)
      longest[i * width + j] = a[i] === b[j] ? (longest[(i + 1) * width + j + 1] ?? 0) + 1 : skipped
    }
  }
  return longest
}
