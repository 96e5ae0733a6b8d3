import type { RunEvent } from '../../events/envelope.ts'
import type { AskedFor, AskedSoFar } from '../../fold/fork.ts'
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
