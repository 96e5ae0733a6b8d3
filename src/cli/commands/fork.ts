import type { AddCommand } from '../command-line.ts'
import { operatorCommand } from '../operator-command.ts'
import { amount, textsSoFar, valuesSoFar, wholeNumber } from '../option-values.ts'
import type { ForkCommandOptions } from '../actions/fork.ts'

export const addForkCommand: AddCommand = (program, commandLine) => {
  operatorCommand(program, 'fork', 'what would have happened otherwise: a run of its own from a revision on, without effects')
    .requiredOption('--at <revision>', 'the last one that it has in common with the run', wholeNumber)
    .option('-m, --message <text>', 'said there, in place of what was said')
    .option('--tool-result <call=json>', 'what an open call brings; as often as you like', valuesSoFar)
    .option('--instructions <text>', 'in place of those of the agent')
    .option('--model <provider/name>', 'in place of the models of the run')
    .option('--agent-version <version>', 'which has to explain all that they have in common')
    .option('--real <tool>', 'is executed for real where nothing is recorded; as often as you like', textsSoFar)
    .option('--reads', 'tools that only read are executed for real, too')
    .option('--simulate <tool=json>', 'what a call brings of which nothing is recorded; as often as you like', valuesSoFar)
    .option('--samples', 'make up what else tools would bring, instead of asking you')
    .option('--model-calls <count>', 'so many answers of models at most beside the recorded ones (default: 50); 0 calls none', wholeNumber)
    .option('--cost-usd <amount>', 'so much they may cost at most', amount)
    .option('--run-id <id>', 'of the fork, so that the same command repeated is one fork')
    .option('--note <text>', 'kept with who and when')
    .addHelpText(
      'after',
      '\nThe fork is answered by what the run has recorded, as long as it asks for the same. Beyond that models are called within the limits, and no tool that is not\n' +
        'named: its results are those of --simulate, or made up with --samples, or asked of you (refold settle). It starts no other run.\n' +
        '\nExamples:\n  refold fork 0190a7… --at 7 --model-calls 0\n  refold fork 0190a7… --at 1 -m "Where is my order 18?" --samples\n' +
        `  refold fork 0190a7… --at 4 --tool-result '3.0={"item":"kettle 17","place":"Oslo"}'`,
    )
    .action(async (runId: string, options: ForkCommandOptions) => (await import('../actions/fork.ts')).fork(commandLine(), runId, options))
}
