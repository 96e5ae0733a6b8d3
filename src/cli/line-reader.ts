import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { shownText } from './colours.ts'

export interface LineReader {
  /** The next line, or undefined where there is no more: the input has ended, or Ctrl-D or Ctrl-C was pressed. */
  ask(prompt: string): Promise<string | undefined>
  close(): void
}

interface Streams {
  readonly stdin: NodeJS.ReadStream
  readonly stderr: NodeJS.WriteStream
}

export const lineReader = (streams: Streams): LineReader => (streams.stdin.isTTY ? terminalReader(streams) : pipeReader(streams))

/** Holds the terminal only while it asks: in between, Ctrl-C is a signal to the process again. */
const terminalReader = ({ stdin, stderr }: Streams): LineReader => ({
  async ask(prompt) {
    const lines = createInterface({ input: stdin, output: stderr })
    lines.on('SIGINT', () => {
      lines.close()
    })
    const closed = once(lines, 'close').then(() => undefined)
    const line = new Promise<string>((resolve) => {
      lines.question(shownText(prompt), resolve)
    })
    const first = await Promise.race([line, closed])
    if (first === undefined) stderr.write('\n')
    lines.close()
    return first
  },
  close: () => undefined,
})

/** One reader for all questions, since whoever writes into a pipe does not wait for them. */
const pipeReader = ({ stdin, stderr }: Streams): LineReader => {
  const lines = createInterface({ input: stdin })
  const iterator = lines[Symbol.asyncIterator]()
  return {
    async ask(prompt) {
      stderr.write(shownText(prompt))
      const next = await iterator.next()
      stderr.write('\n')
      return next.done === true ? undefined : next.value
    },
    close: () => {
      lines.close()
    },
  }
}
