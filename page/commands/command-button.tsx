import { useSelector } from '@xstate/store-preact'
import { session } from '../session/session-store.ts'
import { command } from './command-store.ts'
import { commands, type CommandName } from './commands.ts'

interface CommandButtonProps {
  readonly name: CommandName
  readonly runId: string
  readonly callId?: string | undefined
}

/** Opens the dialog: nothing is done yet. */
export const CommandButton = ({ name, runId, callId }: CommandButtonProps) => {
  const scopes = useSelector(session, ({ context }) => context.who?.scopes)
  // The server decides: a button that it would refuse is not offered.
  if (scopes !== undefined && !scopes.includes(name === 'sendMessage' ? 'write' : 'operate')) return null
  return (
    <button
      type="button"
      onClick={() => {
        command.trigger.opened({ name, runId, callId })
      }}
    >
      {commands[name].verb} …
    </button>
  )
}
