import { text as textOfStream } from 'node:stream/consumers'
import { AppError } from '../../errors.ts'
import type { AddCommand, CommandLine } from '../command-line.ts'
import { fileSoFar, withFiles } from '../sent-files.ts'
import { moveRun } from '../moved-run.ts'

export const addSendCommand: AddCommand = (program, commandLine) => {
  program
    .command('send')
    .description('send a message to a run, and wait for what comes of it')
    .argument('<run>', 'run id')
    .option('-m, --message <text>', 'the message; from stdin without it')
    .option('-f, --file <path>', 'a picture or a file that goes with it; more than once for several', fileSoFar)
    .addHelpText(
      'after',
      '\nExamples:\n  refold send 0190a7… -m "And order 18?"\n  refold send 0190a7… -m "It came like this." --file kettle.png',
    )
    .action((runId: string, options: SendOptions) => send(commandLine(), runId, options))
}

interface SendOptions {
  readonly message?: string
  readonly file?: readonly string[]
}

const send = async (line: CommandLine, runId: string, { message: given, file = [] }: SendOptions): Promise<void> => {
  const text = given ?? (file.length > 0 ? undefined : await readMessage(line))
  const message = (await withFiles(text, file, line.cwd)) ?? ''
  await moveRun(line, runId, (run) => run.send({ message, actor: line.user }))
}

const readMessage = async ({ stdin }: CommandLine): Promise<string> => {
  if (stdin.isTTY) throw new AppError('InvalidInput', 'Expected a message, found none: -m TEXT, or on stdin')
  return (await textOfStream(stdin)).trimEnd()
}
