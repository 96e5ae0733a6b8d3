#!/usr/bin/env node
import { userInfo } from 'node:os'
import type { CommandLineParts } from './cli/command-line.ts'

try {
  await import('./check-node.ts')
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exit((await import('./cli/exit-codes.ts')).exitCodes.configuration)
}
// Half of what a short command takes is compiling the same modules once more, so they are imported behind this line.
const { enableCompileCache } = await import('node:module')
enableCompileCache()
const { runProgram } = await import('./cli/program.ts')
const { exitCodes } = await import('./cli/exit-codes.ts')
const { speaksJsonAlone } = await import('./cli/speaks-json.ts')
const { openRefold } = await import('./open.ts')
const { systemClock } = await import('./clock.ts')
const { secretsIn, showsStacks } = await import('./early-environment.ts')
const { withoutSecrets } = await import('./secrets.ts')

const { stdin, stdout, stderr } = process

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

/** Whatever writes it: the clients of servers have loggers of their own. */
const hideSecrets = (stream: NodeJS.WriteStream, secrets: readonly string[]): void => {
  if (secrets.length === 0) return
  const write = stream.write.bind(stream) as (chunk: unknown, ...rest: readonly unknown[]) => boolean
  stream.write = (chunk: unknown, ...rest: readonly unknown[]) =>
    write(typeof chunk === 'string' ? withoutSecrets(chunk, secrets) : chunk, ...rest)
}

const interruption = (): AbortSignal => {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM']) {
    // Not left to the system: it spares the first process of a container.
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(exitCodes.interrupted)
      controller.abort(signal)
    })
  }
  return controller.signal
}

const parts: CommandLineParts = {
  open: openRefold,
  openBus: async (notify) => (await import('./open-bus.ts')).openBus(notify),
  stdin,
  stdout,
  stderr,
  cwd: process.cwd(),
  clock: systemClock,
  user: userName(),
  signal: interruption(),
}

hideSecrets(stdout, secretsIn())
hideSecrets(stderr, secretsIn())
endWithReader(stdout)
endWithReader(stderr)
const argv = process.argv.slice(2)
if (speaksJsonAlone(argv, parts)) (await import('./cli/operator-lines.ts')).tellNodeInJson(stderr, () => process.exit(exitCodes.internal))
const exitCode = await runProgram(argv, parts, showsStacks)
// What a configuration has opened, a pool or a timer, must not keep the program from ending.
stdout.write('', () => {
  stderr.write('', () => {
    process.exit(exitCode)
  })
})
