import { InvalidArgumentError } from 'commander'
import { z } from 'zod'
import { AppError } from '../../errors.ts'
import { present } from '../../present.ts'
import type { LimitOptions } from '../../fold/limits.ts'
import type { AddCommand } from '../command-line.ts'
import { giveBackAll } from '../give-back-all.ts'
import { moveRun } from '../moved-run.ts'
import { operatorCommand, type ByWhom } from '../operator-command.ts'
import { jsonValue } from '../option-values.ts'

interface GiveBackOptions extends ByWhom {
  readonly all?: boolean
  readonly reason?: string
  readonly agent?: string
  readonly dryRun?: boolean
  readonly note?: string
  readonly limits?: LimitOptions
}

export const addAnswerCommand: AddCommand = (program, commandLine) => {
  operatorCommand(program, 'answer', 'answer for the agent of a run that a person owns')
    .requiredOption('-m, --message <text>', 'the answer that the user gets')
    .addHelpText('after', '\nExample:\n  refold answer 0190a7… -m "I have looked into it: your parcel is in Lyon."')
    .action((runId: string, options: ByWhom & { readonly message: string }) => {
      const line = commandLine()
      return moveRun(line, runId, (run) => run.answer({ by: options.by ?? line.user, text: options.message }))
    })
}

export const addGiveBackCommand: AddCommand = (program, commandLine) => {
  program
    .command('give-back')
    .description('let the agent go on with a run that a person owns, or with all of them')
    .argument('[run]', 'run id')
    .option('--all', 'every run that a person owns')
    .option('--reason <text>', 'with --all: only those with this in their reason, such as network or overloaded')
    .option('--agent <name>', 'with --all: only those of this agent')
    .option('--dry-run', 'with --all: only say which they are')
    .option('--note <text>', 'what the agent is told')
    .option('--limits <json>', 'limits that hold from now on; null switches one off', limits)
    .option('--by <name>', 'who asks for it (default: you)')
    .addHelpText(
      'after',
      `\nExamples:\n  refold give-back 0190a7… --note "try the other carrier" --limits '{"costUsd":2}'\n  refold give-back --all --reason network --dry-run`,
    )
    .action((runId: string | undefined, { by, all = false, dryRun, reason, agent, ...options }: GiveBackOptions) => {
      const line = commandLine()
      const chosen = present({ dryRun, reason, agent })
      if (all === (runId !== undefined)) {
        throw new AppError('InvalidInput', `Expected either a run id or --all, found ${all ? 'both' : 'neither'}`)
      }
      if (runId === undefined) return giveBackAll(line, { by: by ?? line.user, ...chosen, ...options })
      const [unused] = Object.keys(chosen)
      if (unused !== undefined) throw new AppError('InvalidInput', `Expected --all with the options that choose runs, found a run id`)
      return moveRun(line, runId, (run) => run.giveBack({ by: by ?? line.user, ...options }))
    })
}

const whole = z.int().positive().nullable().exactOptional()

const limitOptions = z.strictObject({
  iterationsPerTurn: whole,
  toolCallsPerTurn: whole,
  tokens: whole,
  costUsd: z.number().nonnegative().nullable().exactOptional(),
  wallTimeMs: whole,
  repeatedCalls: whole,
  cycles: whole,
  childDepth: whole,
  openChildRuns: whole,
  childRuns: whole,
}) satisfies z.ZodType<LimitOptions>

const limits = (text: string): LimitOptions => {
  const checked = limitOptions.safeParse(jsonValue(text))
  if (checked.success) return checked.data
  throw new InvalidArgumentError(`Expected limits such as {"costUsd":2,"tokens":null}:\n${z.prettifyError(checked.error)}`)
}
