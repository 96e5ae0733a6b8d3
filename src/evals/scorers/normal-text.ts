/** A text without what makes no difference to a reader: width and case of letters, white space, separators of thousands, quotes and stops at its ends. */
export const normalText = (text: string): string => {
  const plain = text
    .normalize('NFKC')
    .toLowerCase()
    .replace(THOUSANDS, '')
    .replace(/[‘’]/g, "'")
    .replace(/[“”]/g, '"')
    .replace(/\s+/g, ' ')
    .trim()
  let [start, end] = [0, plain.length]
  while (start < end && OPENING.has(plain.charAt(start))) start += 1
  while (end > start && CLOSING.has(plain.charAt(end - 1))) end -= 1
  // Nothing but quotes and stops is what it is.
  return start === end ? plain : plain.slice(start, end)
}

const OPENING: ReadonlySet<string> = new Set(' "\'`(')
const CLOSING: ReadonlySet<string> = new Set(' "\'`).,;:!?')
const THOUSANDS = /(?<=\d),(?=\d{3}(?!\d))/g
