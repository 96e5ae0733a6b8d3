/** Whether all words of a search stand in one of the texts, without regard to case. */
export const hasWords = (search: string, texts: readonly (string | null | undefined)[]): boolean => {
  const words = search
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
  if (words.length === 0) return false
  const text = texts.join('\n').toLowerCase()
  return words.every((word) => text.includes(word))
}
