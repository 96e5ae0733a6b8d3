import type { Command } from 'commander'

/** Options of every command line that acts for a person. */
export interface ByWhom {
  readonly by?: string
}

/** A command on one run, given by somebody. */
export const operatorCommand = (program: Command, name: string, description: string): Command =>
  program.command(name).description(description).argument('<run>', 'run id').option('--by <name>', 'who asks for it (default: you)')
