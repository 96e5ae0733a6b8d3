import type { AddCommand, CommandLine } from '../command-line.ts'
import { wholeNumber } from '../option-values.ts'
import { reading } from '../session.ts'
import { viewLines } from '../view-text.ts'

export const addAtCommand: AddCommand = (program, commandLine) => {
  program
    .command('at')
    .description('what a run was at one revision')
    .argument('<run>', 'run id')
    .argument('<revision>', '0, 1, 2 …, as in `refold show`', wholeNumber)
    .addHelpText('after', '\nShows its state, transcript, budget, open effects and projections.\n\nExample:\n  refold at 0190a7… 4')
    .action((runId: string, revision: number) => at(commandLine(), runId, revision))
}

const at = (line: CommandLine, runId: string, revision: number): Promise<void> =>
  reading(line, async (refold) => {
    const view = await refold.run(runId).at(revision)
    await line.output.document(view)
    if (!line.output.json) for (const text of viewLines(view, line.output)) await line.output.line(text)
  })
