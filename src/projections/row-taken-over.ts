import type { RunEvent } from '../events/envelope.ts'
import { finalEventTypes } from '../events/run-events.ts'
import { storable } from './bounded-text.ts'

export interface RowTakenOver {
  readonly by: string
  /** ms since the epoch */
  readonly at: number
}

/** Who has a run after an event; a fork is nobody's, nor is a run that is over. */
export const takenOverAfter = (before: RowTakenOver | undefined, event: RunEvent): RowTakenOver | undefined => {
  if (finalEventTypes.has(event.type)) return undefined
  switch (event.type) {
    case 'RunTakenOver':
      return { by: storable(event.data.by), at: event.meta.at }
    case 'RunReturned':
    case 'RunReleased':
    case 'RunForked':
      return undefined
    default:
      return before
  }
}
