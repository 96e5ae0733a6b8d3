import { useSelector } from '@xstate/store-preact'
import { session } from '../session/session-store.ts'
import { command } from './command-store.ts'
import { commands, type CommandName } from './commands.ts'
import { mayGive } from './possible-commands.ts'

interface CommandButtonProps {
  readonly name: CommandName
  readonly runId: string
  readonly callId?: string | undefined
}

/** Opens the dialog: nothing is done yet. */
export const CommandButton = ({ name, runId, callId }: CommandButtonProps) => {
  const scopes = useSelector(session, ({ context }) => context.who?.scopes)
  if (!mayGive(name, scopes)) return null
  return (
    <button
      type="button"
      data-command={name}
      onClick={() => {
        command.trigger.opened({ name, runId, callId })
      }}
    >
      {commands[name].verb} …
    </button>
  )
}
