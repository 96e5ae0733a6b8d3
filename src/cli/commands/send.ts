import { text as textOfStream } from 'node:stream/consumers'
import { AppError } from '../../errors.ts'
import type { AddCommand, CommandLine } from '../command-line.ts'
import { moveRun } from '../moved-run.ts'

export const addSendCommand: AddCommand = (program, commandLine) => {
  program
    .command('send')
    .description('send a message to a run, and wait for what comes of it')
    .argument('<run>', 'run id')
    .option('-m, --message <text>', 'the message; from stdin without it')
    .addHelpText('after', '\nExample:\n  refold send 0190a7… -m "And order 18?"')
    .action((runId: string, options: { readonly message?: string }) => send(commandLine(), runId, options.message))
}

const send = async (line: CommandLine, runId: string, given: string | undefined): Promise<void> => {
  const message = given ?? (await readMessage(line))
  await moveRun(line, runId, (run) => run.send({ message, actor: line.user }))
}

const readMessage = async ({ stdin }: CommandLine): Promise<string> => {
  if (stdin.isTTY) throw new AppError('InvalidInput', 'Expected a message, found none: -m TEXT, or on stdin')
  return (await textOfStream(stdin)).trimEnd()
}
