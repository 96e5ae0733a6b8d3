const LONGEST_SHOWN = 100

/** What an error says that it has found: short, whatever it is. Never throws. */
export const shown = (found: unknown): string => {
  if (typeof found === 'string') return JSON.stringify(beginning(found, LONGEST_SHOWN))
  if (found !== null && (typeof found === 'object' || typeof found === 'function')) return `a value of type ${typeof found}`
  return beginning(String(found), LONGEST_SHOWN)
}

/** The first `length` UTF-16 units of a text. Never ends within a character of two units: half of one is no text that others read. */
export const beginning = (text: string, length: number): string => text.slice(0, length).replace(/[\uD800-\uDBFF]$/, '')
