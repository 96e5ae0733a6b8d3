import type { Command } from 'commander'

export interface FreshOption {
  readonly fresh?: true
}

export const withFreshOption = (command: Command): Command =>
  command.option('--fresh', 'wait until the views hold all that is recorded by now, however long it takes')
