import type { AddCommand } from '../command-line.ts'
import { jsonValue, textsSoFar } from '../option-values.ts'
import type { RunOptions } from '../actions/run.ts'

export const addRunCommand: AddCommand = (program, commandLine) => {
  program
    .command('run')
    .description('start a run, and show it until it needs somebody or has ended')
    .argument('<agent>', 'name of an agent of the configuration')
    .option('-m, --message <text>', 'what it is asked; from stdin without it')
    .option('-f, --file <path>', 'a picture or a file that goes with the message; more than once for several', textsSoFar)
    .option('--input <json>', 'what a chart of your own begins with', jsonValue)
    .option('--context <json>', 'what its code may know beside that', jsonValue)
    .option('--tag <name=value>', 'by which it is found again; more than once for several', textsSoFar)
    .option('--metadata <json>', 'what you note about it for yourself: an object', jsonValue)
    .option('--run-id <id>', 'an id of your choice: the same start, repeated, is one start')
    .option('-i, --interactive', 'go on asking for messages, approvals and answers')
    .addHelpText(
      'after',
      `
The text of the agent goes to stdout, what it does to stderr. With --json, stdout has the state that it came to.

Examples:
  refold run support -m "Where is my order 17?"
  refold run support --interactive
  git diff | refold run reviewer --json | jq -r .answer`,
    )
    .action(async (agent: string, options: RunOptions) => (await import('../actions/run.ts')).run(commandLine(), agent, options))
}
