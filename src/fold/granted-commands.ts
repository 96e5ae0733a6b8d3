import type { RunEvent } from '../events/envelope.ts'
import type { RunState } from './run-state.ts'

export const noteCommand = (
  commands: RunState['commandIds'],
  { meta: { commandId, commandHash = '' } }: RunEvent,
): RunState['commandIds'] => (commandId === undefined ? commands : new Map(commands).set(commandId, commandHash))
