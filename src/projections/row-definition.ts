import { definitionHash } from '../events/definition.ts'
import type { RunEvent } from '../events/envelope.ts'
import { present } from '../present.ts'

/** Hashes of the code that a run is on. */
export interface RowDefinition {
  readonly hash: string
  /** Of its chart, where that is a user's own. */
  readonly code?: string
}

/** Undefined where none was recorded, or where it is so large that the blob store has it. */
export const definitionIn = ({
  data: { definition: of },
  meta,
}: Extract<RunEvent, { type: 'RunStarted' | 'RunMoved' }>): RowDefinition | undefined =>
  of === undefined || meta.blobs?.includes('definition') === true ? undefined : { hash: definitionHash(of), ...present({ code: of.code }) }
