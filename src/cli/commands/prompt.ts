import { Option } from 'commander'
import type { PromptOptions } from '../actions/prompt.ts'
import type { AddCommand } from '../command-line.ts'
import { positiveInteger, wholeNumber } from '../option-values.ts'
import { promptFormats } from '../prompt-formats.ts'

export const addPromptCommand: AddCommand = (program, commandLine) => {
  program
    .command('prompt')
    .description('what exactly a model was asked, rebuilt from the log and checked')
    .argument('<run>', 'run id')
    .addOption(
      new Option('--at <revision>', 'the call of this event, or the newest that had begun by then (default: the newest of the run)')
        .argParser(wholeNumber)
        .conflicts(['call', 'attempt']),
    )
    .option('--call <id>', 'this call, as in `refold query model-calls`')
    .option('--attempt <n>', 'of the call (default: the newest)', positiveInteger)
    .addOption(
      new Option(
        '--format <format>',
        'text for people, the body of the request of a vendor, curl, or its answer as a line of a script (default: text)',
      ).choices(promptFormats),
    )
    .option('--as <vendor>', 'whose request: openai, openai-chat, anthropic, or a provider of yours (default: who was asked)')
    .addHelpText(
      'after',
      '\nNo key is in it: curl takes it from $OPENAI_API_KEY or $ANTHROPIC_API_KEY.\n' +
        '\nExamples:\n  refold prompt 0190a7…\n  refold prompt 0190a7… --at 12 --format curl --as anthropic',
    )
    .action(async (runId: string, options: PromptOptions) => (await import('../actions/prompt.ts')).prompt(commandLine(), runId, options))
}
