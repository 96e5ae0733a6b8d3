/** The first `length` UTF-16 units of a text. Never ends within a character of two units: half of one is no text that others read. */
export const beginning = (text: string, length: number): string => text.slice(0, length).replace(/[\uD800-\uDBFF]$/, '')
