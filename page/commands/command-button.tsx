import { command } from './command-store.ts'
import { commands, type CommandName } from './commands.ts'

interface CommandButtonProps {
  readonly name: CommandName
  readonly runId: string
  readonly callId?: string | undefined
}

/** Opens the dialog: nothing is done yet. */
export const CommandButton = ({ name, runId, callId }: CommandButtonProps) => (
  <button
    type="button"
    onClick={() => {
      command.trigger.opened({ name, runId, callId })
    }}
  >
    {commands[name].verb} …
  </button>
)
