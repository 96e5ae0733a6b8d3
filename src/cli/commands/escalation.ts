import { InvalidArgumentError } from 'commander'
import { z } from 'zod'
import { present } from '../../present.ts'
import type { LimitOptions } from '../../runtime/limits.ts'
import type { AddCommand } from '../command-line.ts'
import { moveRun } from '../moved-run.ts'
import { operatorCommand, type ByWhom } from '../operator-command.ts'
import { jsonValue } from '../option-values.ts'

interface GiveBackOptions extends ByWhom {
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
  operatorCommand(program, 'give-back', 'let the agent go on with a run that a person owns')
    .option('--note <text>', 'what the agent is told')
    .option('--limits <json>', 'limits that hold from now on; null switches one off', limits)
    .addHelpText('after', `\nExample:\n  refold give-back 0190a7… --note "try the other carrier" --limits '{"costUsd":2}'`)
    .action((runId: string, { by, note, limits: changed }: GiveBackOptions) => {
      const line = commandLine()
      return moveRun(line, runId, (run) => run.giveBack(present({ by: by ?? line.user, note, limits: changed })))
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
}) satisfies z.ZodType<LimitOptions>

const limits = (text: string): LimitOptions => {
  const checked = limitOptions.safeParse(jsonValue(text))
  if (checked.success) return checked.data
  throw new InvalidArgumentError(`Expected limits such as {"costUsd":2,"tokens":null}:\n${z.prettifyError(checked.error)}`)
}
