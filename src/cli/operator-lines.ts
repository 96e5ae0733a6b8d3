import { createLogger } from '../logger.ts'
import type { CommandLine } from './command-line.ts'

// What a process that runs on says on standard error: to a terminal in words; anywhere else as JSON alone, one line each, since programs collect it.

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
