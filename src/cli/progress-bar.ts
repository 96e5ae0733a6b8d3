import { count } from '../projections/amount-text.ts'

export interface ProgressBar {
  step(): void
  /** Takes it from the screen; the next step draws it again. */
  clear(): void
}

const WIDTH = 30
const CLEAR_LINE = '\r\u001b[K'

/** Only on a terminal, and only where there is more than one step to wait for. */
export const progressBar = (stream: NodeJS.WriteStream, total: number): ProgressBar => {
  if (!stream.isTTY || total < 2) return { step: () => undefined, clear: () => undefined }
  let done = 0
  let drawn = -1
  return {
    step() {
      done += 1
      const filled = Math.floor((done / total) * WIDTH)
      const percent = Math.floor((done / total) * 100)
      // A terminal is slower than a replay.
      if (percent === drawn) return
      drawn = percent
      stream.write(
        `\r${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)} ${String(percent).padStart(3)} %  ${count(done)} of ${count(total)}`,
      )
    },
    clear() {
      if (drawn >= 0) stream.write(CLEAR_LINE)
      drawn = -1
    },
  }
}
