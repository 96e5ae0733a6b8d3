import { visibleText } from '../text.ts'
import { shownLine, widthOf, type OutputStreams } from './output.ts'
import { oneLine } from '../projections/printable.ts'
import { count } from '../projections/amount-text.ts'

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
  const spoken = wordsOf()

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
      words.write(spoken(text))
      isWithinLine = !text.endsWith('\n')
    },
    line(text) {
      const status = shown
      clear()
      endLine()
      stderr.write(shownLine(text))
      draw(status)
    },
    status: (text) => draw(oneLine(text, widthOf(stderr) - 1)),
    rest() {
      clear()
      endLine()
    },
  }
}

/** Parts of one text, which may be cut anywhere: within a character too, and between those that belong together. */
const wordsOf = (): ((part: string) => string) => {
  let half = ''
  let before = ''
  return (part) => {
    const [text, rest] = splitAtHalf(half + part.replaceAll('\r\n', '\n'))
    const shown = visibleText(before + text).slice(visibleText(before).length)
    half = rest
    before = Array.from(text).at(-1) ?? before
    return shown
  }
}

const splitAtHalf = (text: string): readonly [string, string] =>
  /[\uD800-\uDBFF]$/.test(text) ? [text.slice(0, -1), text.slice(-1)] : [text, '']

export interface ProgressBar {
  step(): void
  /** Takes it from the screen; the next step draws it again. */
  clear(): void
}

const BAR_WIDTH = 30

/** Only on a terminal, and only where there is more than one step to wait for. */
export const progressBar = (stream: NodeJS.WriteStream, total: number): ProgressBar => {
  if (!stream.isTTY || total < 2) return { step: () => undefined, clear: () => undefined }
  let done = 0
  let drawn = -1
  return {
    step() {
      done += 1
      const filled = Math.floor((done / total) * BAR_WIDTH)
      const percent = Math.floor((done / total) * 100)
      // A terminal is slower than a replay.
      if (percent === drawn) return
      drawn = percent
      stream.write(
        `\r${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)} ${String(percent).padStart(3)} %  ${count(done)} of ${count(total)}`,
      )
    },
    clear() {
      if (drawn >= 0) stream.write(CLEAR_LINE)
      drawn = -1
    },
  }
}
