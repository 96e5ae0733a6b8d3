import { InvalidArgumentError, Option } from 'commander'
import type { ExportFormat } from '../../evals/dataset-exports.ts'
import type { CaseOf } from '../../evals/dataset-case.ts'
import type { CreateOptions } from '../actions/dataset.ts'
import type { GrowOptions } from '../actions/dataset-grow.ts'
import type { AddCommand } from '../command-line.ts'
import { withFreshOption } from '../fresh-option.ts'
import { amount, port, positiveInteger, textsSoFar } from '../option-values.ts'

const actions = () => import('../actions/dataset.ts')

/** By name alone: help does without what they are made of. */
const CASES = Object.keys({ run: true, turn: true, call: true } satisfies Readonly<Record<CaseOf, true>>)
const FORMATS = Object.keys({
  langfuse: true,
  langsmith: true,
  braintrust: true,
  inspect: true,
  promptfoo: true,
  openai: true,
} satisfies Readonly<Record<ExportFormat, true>>)

const share = (text: string): number => {
  const value = amount(text)
  if (value <= 1) return value
  throw new InvalidArgumentError('Expected a share from 0 to 1')
}

const EXAMPLES = `
The file holds what users and tools have said: look at it before it is handed on.

Examples:
  refold dataset create refunds --where "agent = 'support' and tool_calls > 0"
  refold dataset create escalations --of turn --where "run_id in (select run_id from refold_escalations)"
  refold dataset create calls --of call --limit 500 --redact "[\\w.]+@[\\w.]+" --train 0.8`

/** Cases for evals, grown from real runs. */
export const addDatasetCommand: AddCommand = (program, commandLine) => {
  const dataset = program.command('dataset').description('cases for evals, taken from recorded runs')
  withFreshOption(dataset.command('create'))
    .description('write the cases of the runs that fit to a file, one a line, each input once')
    .argument('<name>', 'of the dataset: NAME.jsonl is written unless -o says otherwise')
    .option('--where <sql>', 'which runs: a condition on the columns of refold_runs; all without it')
    .addOption(new Option('--of <what>', 'what a case is: a whole run, each turn, or each call of a model').choices(CASES).default('run'))
    .option('--forks', 'of forks too')
    .option('--redact <pattern>', 'replace what fits this regular expression; may be given again', textsSoFar)
    .option('--train <share>', 'say of each case whether it is for `train` or `test`, by its task: 0.8 is four fifths for `train`', share)
    .option('--limit <n>', 'at most so many cases', positiveInteger)
    .option('-o, --output <file>', 'this file, which others cannot read')
    .addHelpText('after', EXAMPLES)
    .action(async (name: string, options: CreateOptions) => (await actions()).create(commandLine(), name, options))
  dataset
    .command('grow')
    .description('grow the datasets of the configuration by what is recorded, until it is told to stop')
    .option('--once', 'take in what is recorded by now, and end')
    .option('--health-port <port>', 'serve /healthz, /readyz and /metrics there; REFOLD_HEALTH_PORT without it', port)
    .action(async (options: GrowOptions) => (await import('../actions/dataset-grow.ts')).grow(commandLine(), options))
  dataset
    .command('show')
    .description('what a dataset holds: its version, and a line of each case')
    .argument('<file>', 'as it was written')
    .action(async (file: string) => (await actions()).show(commandLine(), file))
  dataset
    .command('export')
    .description('write a dataset as another tool takes it')
    .argument('<file>', 'as it was written')
    .addOption(new Option('--to <tool>', 'which').choices(FORMATS).makeOptionMandatory())
    .option('-o, --output <file>', 'a file instead of stdout, which others cannot read')
    .action(async (file: string, options: { readonly to: ExportFormat; readonly output?: string }) =>
      (await actions()).exportTo(commandLine(), file, options),
    )
}
