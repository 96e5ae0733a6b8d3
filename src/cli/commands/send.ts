import type { AddCommand } from '../command-line.ts'
import { textsSoFar } from '../option-values.ts'
import type { SendOptions } from '../actions/send.ts'

export const addSendCommand: AddCommand = (program, commandLine) => {
  program
    .command('send')
    .description('send a message to a run, and wait for what comes of it')
    .argument('<run>', 'run id')
    .option('-m, --message <text>', 'the message; from stdin without it')
    .option('-f, --file <path>', 'a picture or a file that goes with it; more than once for several', textsSoFar)
    .addHelpText(
      'after',
      '\nExamples:\n  refold send 0190a7… -m "And order 18?"\n  refold send 0190a7… -m "It came like this." --file kettle.png',
    )
    .action(async (runId: string, options: SendOptions) => (await import('../actions/send.ts')).send(commandLine(), runId, options))
}
