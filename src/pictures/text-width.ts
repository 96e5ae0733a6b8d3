// Nobody can measure text without a browser, so the widths are those of a wide sans-serif face (DejaVu Sans, Verdana):
// in a narrower one the boxes are a little roomy, and in no common one does text leave its box.

const NARROW = /[ijl|!'.,:;()[\]{}/\\ft\-r ]/
const WIDE = /[mwMW@%]/
const CAPITAL = /[A-Z0-9_+=<>→~#&?…]/

const emsOf = (character: string): number => {
  if (WIDE.test(character)) return 0.96
  if (NARROW.test(character)) return 0.4
  return CAPITAL.test(character) ? 0.7 : 0.62
}

/** The width in pixels that a line of text takes at most. */
export const textWidth = (text: string, fontSize: number): number =>
  Math.ceil(Array.from(text).reduce((width, character) => width + emsOf(character), 0) * fontSize)
