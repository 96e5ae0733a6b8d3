import type { RunRow } from '../server/contract.ts'
import type { CommandName } from './commands.ts'

type Scopes = readonly string[] | undefined

/** The server decides: what it would refuse is not offered. */
export const mayGive = (name: CommandName, scopes: Scopes): boolean =>
  scopes === undefined || scopes.includes(name === 'sendMessage' ? 'write' : 'operate')

/** What can be done to a run as a whole, as it is now. */
export const possibleCommands = ({ status, standing, paused }: RunRow): readonly CommandName[] => {
  if (status !== 'active') return status === 'failed' ? ['reopenRun'] : []
  return ['sendMessage', ...(standing === 'message' ? (['completeRun'] as const) : []), paused ? 'resumeRun' : 'pauseRun', 'cancelRun']
}
