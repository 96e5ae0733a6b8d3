import type { RunEvent } from '../../events/envelope.ts'
import type { AskedFor, AskedSoFar } from '../../fold/fork.ts'
import type { RunState } from '../../fold/run-state.ts'
import type { Json } from '../../json.ts'

/** What a fork is answered with, as its origin has recorded it. */
export interface OriginRecord {
  /** The next result of a request, if the origin has asked for the same as often, and has got one. */
  readonly resultOf: (wanted: AskedFor, asked: AskedSoFar) => RunEvent | undefined
  /** What the tool has brought last, at whatever place. */
  readonly exampleOf: (tool: string) => { readonly output: Json } | undefined
}

/** Events of the origin behind the copies, up to the one that was its newest when the fork began. */
export interface RecordedPart {
  readonly runId: string
  readonly behind: number
  readonly to: number
}

/** Undefined where nothing answers it. */
export const recordedPartOf = (state: RunState | undefined): RecordedPart | undefined => {
  const { of, own } = state?.fork ?? {}
  if (of !== undefined) return own && { runId: of.runId, behind: of.revision, to: own.recordedTo }
  return wholeRecord(state?.started.sealed)
}

/** Of a run that is sealed and no fork: nothing of the record is copied. */
export const wholeRecord = (sealed: RunState['started']['sealed']): RecordedPart | undefined =>
  sealed?.record && { runId: sealed.record.runId, behind: -1, to: sealed.record.revision }
