import { AppError } from '../../errors.ts'
import { present } from '../../present.ts'
import type { AddCommand } from '../command-line.ts'
import { moveAll, showMoveCheck } from '../move-all.ts'
import { moveRun } from '../moved-run.ts'
import type { ByWhom } from '../operator-command.ts'

interface MoveOptions extends ByWhom {
  readonly to: string
  readonly note?: string
  readonly dryRun?: boolean
  readonly all?: boolean
  readonly agent?: string
  readonly from?: string
}

export const addMoveCommand: AddCommand = (program, commandLine) => {
  program
    .command('move')
    .description('let a run go on with another version of its agent, or all open runs of one')
    .argument('[run]', 'run id')
    .requiredOption('--to <version>', 'which one; it has to be in the configuration')
    .option('--all', 'every open run of the agent that is on another version')
    .option('--agent <name>', 'with --all: whose runs')
    .option('--from <version>', 'with --all: only those that are on this version')
    .option('--dry-run', 'only say what keeps them from it')
    .option('--note <text>', 'kept with who and when')
    .option('--by <name>', 'who asks for it (default: you)')
    .addHelpText(
      'after',
      '\nThe code of that version has to explain every event of the run, and to go on with all that is open. Nothing may be under way: pause a busy run first.\n' +
        'What waits for an approval is asked again. Settings stay those that the run was started with.\n' +
        '\nExamples:\n  refold move 0190a7… --to 2 --dry-run\n  refold move --all --agent support --from 1 --to 2',
    )
    .action((runId: string | undefined, { by, all = false, agent, from, to, note, dryRun = false }: MoveOptions) => {
      const line = commandLine()
      const options = { by: by ?? line.user, to, ...present({ note }) }
      if (all === (runId !== undefined))
        throw new AppError('InvalidInput', `Expected either a run id or --all, found ${all ? 'both' : 'neither'}`)
      if (runId === undefined) {
        if (agent === undefined) throw new AppError('InvalidInput', 'Expected --agent with --all, found none')
        return moveAll(line, { ...options, agent, dryRun, ...present({ from }) })
      }
      if (agent !== undefined || from !== undefined)
        throw new AppError('InvalidInput', 'Expected --all with the options that choose runs, found a run id')
      return dryRun ? showMoveCheck(line, runId, to) : moveRun(line, runId, (run) => run.move(options))
    })
}
