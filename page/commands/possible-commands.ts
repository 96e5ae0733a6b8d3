import type { RunRow } from '../server/contract.ts'
import type { CommandName } from './commands.ts'

type Scopes = readonly string[] | undefined

/** The server decides: what it would refuse is not offered. */
export const mayGive = (name: CommandName, scopes: Scopes): boolean =>
  scopes === undefined || scopes.includes(name === 'sendMessage' ? 'write' : 'operate')

type TakenOver = Pick<RunRow, 'takenOver'>

/** Whoever has it gives it back; anybody else may take it from them. `who` is whoever looks. */
export const handOver = ({ takenOver }: TakenOver, who: string | undefined): readonly CommandName[] => {
  if (takenOver === undefined) return ['takeRunOver']
  return takenOver.by === who ? ['giveRunBack'] : ['giveRunBack', 'takeRunOver']
}

/** What can be done to a run as a whole, as it is now. */
export const possibleCommands = (row: RunRow, who: string | undefined): readonly CommandName[] => {
  const { status, standing, paused } = row
  if (status !== 'active') return status === 'failed' ? ['reopenRun'] : []
  return [
    'sendMessage',
    ...(standing === 'message' ? (['completeRun'] as const) : []),
    ...handOver(row, who),
    paused ? 'resumeRun' : 'pauseRun',
    'cancelRun',
  ]
}
