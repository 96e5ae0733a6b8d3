#!/usr/bin/env node
import { userInfo } from 'node:os'
import { runProgram } from './cli/program.ts'
import { reportError } from './cli/report-error.ts'
import { systemClock } from './clock.ts'
import { readEnvironment } from './config.ts'

const { stdin, stdout, stderr, argv } = process

/** Containers often run under a number that no user list knows. */
const userName = (): string => {
  try {
    return userInfo().username
  } catch {
    return `uid-${process.getuid?.() ?? 'unknown'}`
  }
}

/** Whoever reads the output may stop early, as `head` does: that ends the program, and is no failure. */
const endWithReader = (stream: NodeJS.WriteStream): void => {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
}

const main = async (): Promise<number> => {
  const interruption = new AbortController()
  process.once('SIGINT', () => {
    interruption.abort()
  })
  const debug = ['trace', 'debug'].includes(readEnvironment().REFOLD_LOG_LEVEL)
  const parts = {
    // Loading the vendors' SDKs takes longer than showing the help.
    open: async (options: Parameters<typeof import('./open-refold.ts').openRefold>[0]) =>
      (await import('./open-refold.ts')).openRefold(options),
    stdin,
    stdout,
    stderr,
    cwd: process.cwd(),
    clock: systemClock,
    user: userName(),
    signal: interruption.signal,
  }
  return runProgram(argv.slice(2), parts, debug)
}

endWithReader(stdout)
endWithReader(stderr)
const exitCode = await main().catch((error: unknown) => reportError(error, { stderr, json: argv.includes('--json'), debug: false }))
// What a configuration has opened, a pool or a timer, must not keep the program from ending.
stdout.write('', () => {
  stderr.write('', () => {
    process.exit(exitCode)
  })
})
