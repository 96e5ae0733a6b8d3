import { InvalidArgumentError, Option } from 'commander'
import type { Effects } from '../../evals/define-eval.ts'
import type { TrendOptions } from '../actions/evals.ts'
import type { AddCommand } from '../command-line.ts'
import type { EvalOptions } from '../eval-command.ts'
import { withFreshOption, type FreshOption } from '../fresh-option.ts'
import { amount, positiveInteger, textsSoFar } from '../option-values.ts'

const actions = () => import('../actions/eval.ts')
const lists = () => import('../actions/evals.ts')

const EFFECTS = Object.keys({ sealed: true, real: true } satisfies Readonly<Record<Effects, true>>)

const MOST_AT_ONCE = 100

const atOnce = (text: string): number => {
  const value = positiveInteger(text)
  if (value <= MOST_AT_ONCE) return value
  throw new InvalidArgumentError(`Expected 1 to ${MOST_AT_ONCE}`)
}

const HELP = `
Each case is a run in the log, under a seal: tools that only read are executed, all others are answered by the record of the case or as the eval says.
What was run is not run again: after Ctrl-C, a crash or the end of its money the same command goes on.

Gates: "accuracy >= 0.8", "pass^2 >= 0.3", "costPerRun <= 0.01", "p95 <= 20000", "flaky <= 3", not-worse (than the baseline), better

Examples:
  refold eval refunds.jsonl --agent support@2 --scorer exact,strict
  refold eval refunds.jsonl --agent support@2 --baseline support@1 --epochs 4 --gate not-worse
  refold eval refunds.jsonl --scorer contains --model recorded --effects real
  refold eval show refunds-support-1a2b3c4d`

/** Whether an agent does well, and better than before, on cases that really happened. */
export const addEvalCommand: AddCommand = (program, commandLine) => {
  const command = program
    .command('eval')
    .description('run the cases of a dataset with an agent, score them, and say what that shows')
    .argument('<dataset>', 'as `refold dataset create` writes it')
    .option('--agent <name@version>', 'which; the newest of a name, or of that of the first case')
    .option('--baseline <name@version>', 'run the same cases with it, too, and compare')
    .option('--eval <name>', 'an eval of the configuration; may be left out where there is one')
    .option(
      '--scorer <names>',
      'instead of that: exact, answer, contains, schema, strict, unordered, subset, superset, arguments, state',
      textsSoFar,
    )
    .option('--epochs <n>', 'run each case so often', positiveInteger, 1)
    .option('--limit <n>', 'the first cases alone', positiveInteger)
    .addOption(new Option('--split <name>', 'cases of this part alone').choices(['train', 'test']))
    .option('--concurrency <n>', 'runs at once', atOnce, 4)
    .option('--max-cost <usd>', 'begin no run once so much is spent, judges included', amount)
    .option('--model <provider/name>', 'in place of those of the agent; `recorded` for what the model has said to the same prompts')
    .addOption(new Option('--effects <what>', 'what tools do that change something (default: sealed)').choices(EFFECTS))
    .option('--gate <condition>', 'end with exit code 7 unless it holds; may be given again', textsSoFar)
    .option('--recorded', 'run nothing: score what the runs of the dataset have done')
    .option('--id <id>', 'of the eval: runs of one id go on where they were')
    .option('-o, --output <file>', 'the report as JSON, with every run')
    .addHelpText('after', HELP)
    .action(async (dataset: string, options: EvalOptions) => (await actions()).runEvalCommand(commandLine(), dataset, options))
  withFreshOption(command.command('show'))
    .description('what an eval has shown, from its runs in the log')
    .argument('<id>', 'of the eval')
    .action(async (id: string, options: FreshOption) => (await lists()).show(commandLine(), id, options))
  withFreshOption(command.command('trend'))
    .description('how the evals of a dataset went, one below the other')
    .argument('<dataset>', 'its name, or name@version')
    .option('--svg <file>', 'draw it, too')
    .action(async (dataset: string, options: TrendOptions) => (await lists()).trend(commandLine(), dataset, options))
}

export const addEvalsCommand: AddCommand = (program, commandLine) => {
  withFreshOption(program.command('evals'))
    .description('the evals in the log')
    .action(async (options: FreshOption) => (await lists()).list(commandLine(), options))
}
