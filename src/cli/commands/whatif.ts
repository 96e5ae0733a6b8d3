import { Option } from 'commander'
import type { WhatIfMode } from '../../evals/whatif/report.ts'
import type { WhatIfOptions } from '../actions/whatif.ts'
import type { AddCommand } from '../command-line.ts'
import { withFreshOption } from '../fresh-option.ts'
import { amount, positiveInteger } from '../option-values.ts'
import type { FreeFrom } from '../whatif/run-mode.ts'

const MODES = Object.keys({ fold: true, ask: true, run: true } satisfies Readonly<Record<WhatIfMode, true>>)
const FROM = Object.keys({ start: true, difference: true } satisfies Readonly<Record<FreeFrom, true>>)
const AT_ONCE = 4

const MORE = `
fold  decides each run again with the code of that version: charts, guardrails, limits, schemas, approvals, prompts. Nothing is asked.
ask   asks the model of that version again for each answer, with all that stood before it. Tools come from the log.
run   lets each run go freely on a sealed fork. Nothing outside is touched: what no record answers is made up.

Examples:
  refold whatif --agent support@2 --where "tool_calls > 0"
  refold whatif --agent support@2 --mode ask --max-cost 5 --limit 200
  refold whatif --agent support@2 --mode run --from difference --max-cost 5 -o report.json`

/** What another version would have done, over many recorded runs. */
export const addWhatIfCommand: AddCommand = (program, commandLine) => {
  withFreshOption(program.command('whatif'))
    .description('where another version of an agent would have gone otherwise, over many recorded runs')
    .requiredOption('--agent <name@version>', 'the version that is asked about; without @ the newest')
    .option('--where <sql>', 'which of its runs: a condition on the columns of refold_runs; all without it, and never forks')
    .addOption(new Option('--mode <mode>', 'how it is found out').choices(MODES).default('fold'))
    .addOption(
      new Option('--from <place>', 'with run: from the first message, or right before the first decision that differs')
        .choices(FROM)
        .default('start'),
    )
    .option('--limit <n>', 'at most so many runs', positiveInteger)
    .option('--concurrency <n>', 'so many runs at one time', positiveInteger, AT_ONCE)
    .option('--max-cost <usd>', 'with ask and run: nothing more is asked once so much was paid', amount)
    .option('--id <id>', 'goes on with the what-if of that id: what it has asked is not asked again')
    .option('--by <name>', 'who asks for it (default: you)')
    .option('-o, --output <file>', 'the report as JSON in this file too, which others cannot read')
    .addHelpText('after', MORE)
    .action(async (options: WhatIfOptions) => (await import('../actions/whatif.ts')).whatif(commandLine(), options))
}
