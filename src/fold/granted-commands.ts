import { withEntry } from '../entries.ts'
import type { RunEvent } from '../events/envelope.ts'

type CommandIds = ReadonlyMap<string, string>

/** Wishes that a run remembers: a repetition of an older one would be granted as a new one. */
export const MOST_COMMANDS = 10_000
/** So many at once are forgotten, so that each costs little. */
const FORGOTTEN = 1_000

/** With the hash of the wish that this event grants, '' where none was recorded. */
export const noteCommand = (commands: CommandIds, { meta: { commandId, commandHash = '' } }: Pick<RunEvent, 'meta'>): CommandIds => {
  if (commandId === undefined) return commands
  const after = withEntry(commands, commandId, commandHash)
  return after.size < MOST_COMMANDS + FORGOTTEN ? after : new Map([...after].slice(-MOST_COMMANDS))
}
