import { PassThrough, Writable } from 'node:stream'
import type { CommandLineParts } from '../../src/cli/command-line.ts'
import { runProgram } from '../../src/cli/program.ts'
import { systemClock } from '../../src/clock.ts'
import { openRefold } from '../../src/open-refold.ts'

interface Screen {
  readonly stream: NodeJS.WriteStream
  text(): string
}

/** What a terminal of 100 columns in colour gets to see. */
const screen = (): Screen => {
  let written = ''
  const writable = new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _, done) {
      written += chunk.toString()
      done()
    },
  })
  const stream = Object.assign(writable, { isTTY: true, columns: 100, hasColors: () => true, getColorDepth: () => 8 })
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => written }
}

/** Runs one command line in this process, at a terminal. */
export const atTerminal = async (folder: string, words: readonly string[], stdin = ''): Promise<{ stdout: string; stderr: string }> => {
  const [stdout, stderr] = [screen(), screen()]
  const input = new PassThrough()
  input.end(stdin)
  const parts: CommandLineParts = {
    open: openRefold,
    openBus: () => Promise.resolve(undefined),
    stdin: input as unknown as NodeJS.ReadStream,
    stdout: stdout.stream,
    stderr: stderr.stream,
    cwd: folder,
    clock: systemClock,
    user: 'somebody',
    signal: AbortSignal.timeout(20_000),
  }
  await runProgram(words, parts, () => true)
  return { stdout: stdout.text(), stderr: stderr.text() }
}
