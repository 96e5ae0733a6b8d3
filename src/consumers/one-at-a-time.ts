/** Work under way was perhaps begun before the question: whoever comes meanwhile gets the one that begins behind it, with what the first of them gives. */
export const oneAtATime = <Given extends readonly unknown[]>(
  work: (...given: Given) => Promise<void>,
): ((...given: Given) => Promise<void>) => {
  let current: Promise<void> | undefined
  let next: Promise<void> | undefined
  const begin = (...given: Given): Promise<void> => {
    const begun = work(...given)
    const end = (): void => {
      current = undefined
    }
    current = begun
    begun.then(end, end)
    return begun
  }
  return (...given) => {
    if (current === undefined) return begin(...given)
    const beginNext = (): Promise<void> => {
      next = undefined
      return begin(...given)
    }
    return (next ??= current.then(beginNext, beginNext))
  }
}
