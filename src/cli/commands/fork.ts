import { InvalidArgumentError } from 'commander'
import type { Json } from '../../json.ts'
import { present } from '../../present.ts'
import { sourcesText } from '../../projections/row-fork.ts'
import type { AddCommand, CommandLine } from '../command-line.ts'
import { followRun } from '../follow-run.ts'
import { reportRun } from '../moved-run.ts'
import { operatorCommand } from '../operator-command.ts'
import { jsonValue, textsSoFar, wholeNumber } from '../option-values.ts'
import { atWork } from '../session.ts'

interface ForkCommandOptions {
  readonly at: number
  readonly by?: string
  readonly note?: string
  readonly runId?: string
  readonly message?: string
  readonly toolResult?: Readonly<Record<string, Json>>
  readonly instructions?: string
  readonly model?: string
  readonly agentVersion?: string
  readonly real?: readonly string[]
  readonly reads?: boolean
  readonly simulate?: Readonly<Record<string, Json>>
  readonly samples?: boolean
  readonly modelCalls?: number
  readonly costUsd?: number
}

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
    .action((runId: string, options: ForkCommandOptions) => fork(commandLine(), runId, options))
}

/** `name=JSON`, as often as one likes. */
const valuesSoFar = (text: string, before: Readonly<Record<string, Json>> = {}): Readonly<Record<string, Json>> => {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('Expected name=JSON')
  return { ...before, [text.slice(0, at)]: jsonValue(text.slice(at + 1)) }
}

const amount = (text: string): number => {
  const value = Number(text)
  if (/^\d+(\.\d+)?$/.test(text) && Number.isFinite(value)) return value
  throw new InvalidArgumentError('Expected an amount such as 0.5')
}

const fork = (line: CommandLine, runId: string, { toolResult, by, ...options }: ForkCommandOptions): Promise<void> =>
  atWork(line, async (refold) => {
    const asked = present({ ...options, results: toolResult })
    const forked = await refold.run(runId).fork({ ...asked, by: by ?? line.user })
    await line.output.note(`${forked.id} is a fork of ${runId}`)
    const follower = followRun(line, forked, options.at)
    try {
      const view = await follower.until(() => Promise.resolve())
      await reportRun(line, view)
      const { counts } = view.fork ?? {}
      if (counts !== undefined) await line.output.note(`  ${sourcesText(counts)}`)
      await line.output.note(`  compare: refold diff ${runId} ${forked.id}`)
    } finally {
      follower.close()
    }
  })
