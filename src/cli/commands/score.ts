import { InvalidArgumentError } from 'commander'
import type { ScoreOptions } from '../actions/score.ts'
import type { AddCommand } from '../command-line.ts'
import { operatorCommand } from '../operator-command.ts'
import { wholeNumber } from '../option-values.ts'

export const addScoreCommand: AddCommand = (program, commandLine) => {
  operatorCommand(program, 'score', 'say what you make of a run, or of a step of it; also of one that has ended')
    .argument('<name>', 'what you judge: thumbs, correct, tone …')
    .argument('<value>', 'a number', finiteNumber)
    .option('--passed', 'it is good enough')
    .option('--failed', 'it is not')
    .option('--note <text>', 'why')
    .option('--at <revision>', 'of the event that it is about', wholeNumber)
    .addHelpText(
      'after',
      '\nExamples:\n  refold score 0190a7… thumbs 0 --at 12 --note "the wrong order"\n  refold score 0190a7… correct 1 --passed',
    )
    .action(async (runId: string, name: string, value: number, options: ScoreOptions) =>
      (await import('../actions/score.ts')).score(commandLine(), runId, { name, value }, options),
    )
}

const finiteNumber = (text: string): number => {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('Expected a number.')
  return value
}
