/** A text without what makes no difference to a reader: width and case of letters, white space, separators of thousands, quotes and stops at its ends. */
export const normalText = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(THOUSANDS, '')
    .replace(/[‘’]/g, "'")
    .replace(/[“”]/g, '"')
    .replace(/\s+/g, ' ')
    .replace(/^[\s"'`(]+/, '')
    .replace(/[\s"'`).,;:!?]+$/, '')

const THOUSANDS = /(?<=\d),(?=\d{3}(?!\d))/g
