import type { Difference } from '../fold/replay.ts'

/** One thing that keeps a run from another version of its agent. */
export interface MoveDifference {
  readonly what: Difference['what'] | 'beginning' | 'input' | 'settings' | 'call' | 'projection' | 'status'
  /** At which event; absent where it is of the run as it stands. */
  readonly revision?: number | undefined
  readonly type?: string | undefined
  readonly expected: string
  readonly found: string
}

/** One line each. */
export const describeMoveDifference = ({ what, revision, type, expected, found }: MoveDifference): string =>
  `${revision === undefined ? what : `${what} at revision ${revision} (${type ?? ''})`}: expected ${expected}, found ${found}`
