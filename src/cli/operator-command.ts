import type { Command } from 'commander'

/** Options of every command that grants a wish of a person. */
export interface ByWhom {
  readonly by?: string
}

/** A command on one run, wished by somebody. */
export const operatorCommand = (program: Command, name: string, description: string): Command =>
  program.command(name).description(description).argument('<run>', 'run id').option('--by <name>', 'who wishes it (default: you)')
