import type { CommandLineParts } from './command-line.ts'

const RUN_ON: ReadonlySet<string> = new Set(['serve', 'worker', 'relay', 'project'])

/** Whether nothing but JSON is to be said by the command of these words. */
export const speaksJsonAlone = (argv: readonly string[], { stderr }: Pick<CommandLineParts, 'stderr'>): boolean => {
  const command = argv.find((word, at) => !word.startsWith('-') && argv[at - 1] !== '--config')
  return !stderr.isTTY && command !== undefined && RUN_ON.has(command)
}
