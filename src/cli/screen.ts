import { widthOf, type OutputStreams } from './output.ts'
import { oneLine, printable } from '../projections/printable.ts'

/** A terminal that shows three things at once: an answer as it is written, lines about what happens, and one live line below. */
export interface Screen {
  /** Part of an answer, on stdout; on stderr with `--json`. */
  words(text: string): void
  /** A line of its own, on stderr. */
  line(text: string): void
  /** What the live line says from now on. Only on a terminal. */
  status(text: string): void
  /** Ends an open line and takes the live line away, until the next `status`. */
  rest(): void
}

const CLEAR_LINE = '\r\u001b[K'

export const createScreen = ({ stdout, stderr }: OutputStreams, json: boolean): Screen => {
  const words = json ? stderr : stdout
  let isWithinLine = false
  let shown = ''

  const clear = (): void => {
    if (shown !== '') stderr.write(CLEAR_LINE)
    shown = ''
  }
  const draw = (text: string): void => {
    if (!stderr.isTTY || isWithinLine || text === shown) return
    clear()
    stderr.write(text)
    shown = text
  }
  const endLine = (): void => {
    if (isWithinLine) words.write('\n')
    isWithinLine = false
  }

  return {
    words(text) {
      if (text === '') return
      clear()
      words.write(printable(text))
      isWithinLine = !text.endsWith('\n')
    },
    line(text) {
      const status = shown
      clear()
      endLine()
      stderr.write(`${text}\n`)
      draw(status)
    },
    status: (text) => draw(oneLine(text, widthOf(stderr) - 1)),
    rest() {
      clear()
      endLine()
    },
  }
}
