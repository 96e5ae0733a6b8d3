import { sha256 } from '../hash.ts'

/** Where the chain of hashes of a run ends. */
export interface RunHead {
  readonly revision: number
  readonly hash: string
}

/** The last line of an export of all runs: so many events of so many runs, and one hash over the hashes of all of them in their order. */
export interface LogHead {
  readonly type: 'LogHead'
  readonly events: number
  readonly runs: number
  readonly hash: string
}

/** Adds event after event; what it says at the end no other events say. */
export const logHead = () => {
  const heads = new Map<string, RunHead>()
  let events = 0
  let chained = ''
  return {
    add(runId: string, { revision, hash }: RunHead): void {
      events += 1
      heads.set(runId, { revision, hash })
      chained = sha256(`${chained}\n${runId}@${revision}\n${hash}`)
    },
    heads: (): ReadonlyMap<string, RunHead> => heads,
    head: (): LogHead => ({ type: 'LogHead', events, runs: heads.size, hash: chained }),
  }
}
