import { createLogger } from '../logger.ts'
import type { CommandLine, CommandLineParts } from './command-line.ts'

// What a process that runs on says on standard error: to a terminal in words; anywhere else as JSON alone, one line each, since programs collect it.

const RUN_ON: ReadonlySet<string> = new Set(['serve', 'worker', 'relay', 'project'])

/** Whether nothing but JSON is to be said by the command of these words. */
export const speaksJsonAlone = (argv: readonly string[], { stderr }: Pick<CommandLineParts, 'stderr'>): boolean => {
  const command = argv.find((word, at) => !word.startsWith('-') && argv[at - 1] !== '--config')
  return !stderr.isTTY && command !== undefined && RUN_ON.has(command)
}

/** Not by the level of the log: an operator wants to know that it works. */
export const tellOperator = async ({ stderr, output }: Pick<CommandLine, 'stderr' | 'output'>, text: string): Promise<void> => {
  if (stderr.isTTY) await output.note(text)
  else createLogger('info', stderr).info(text)
}

/** What Node itself would say in words: warnings, and the error that ends the process. */
export const tellNodeInJson = (stderr: NodeJS.WriteStream, end: () => void): void => {
  const logger = createLogger('info', stderr)
  process.removeAllListeners('warning')
  process.on('warning', ({ name, message }) => {
    logger.warn({ warning: name }, message)
  })
  process.on('uncaughtException', (error: unknown) => {
    logger.fatal({ err: error }, 'a defect ended the process')
    end()
  })
}
