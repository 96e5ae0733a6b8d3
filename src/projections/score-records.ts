import type { RunEvent } from '../events/envelope.ts'
import { storable } from './bounded-text.ts'

/** What somebody makes of a run: of one name and author the newest of each event, and of the whole run. */
export interface ScoreRecord {
  readonly runId: string
  readonly name: string
  readonly by: string
  readonly value: number
  readonly passed: 0 | 1 | null
  readonly note: string | null
  /** Revision of the event that it is about; -1 where it is about the whole run. */
  readonly about: number
  readonly at: number
  readonly revision: number
}

const WHOLE_RUN = -1

/** The record that an event makes. */
export const scoreRecords = ({ type, runId, revision, data, meta }: RunEvent): readonly ScoreRecord[] => {
  if (type !== 'RunScored') return []
  const { name, by, value, passed, note, revision: about } = data
  return [
    {
      runId,
      name: storable(name),
      by: storable(by),
      value,
      passed: passed === undefined ? null : passed ? 1 : 0,
      note: note === undefined ? null : storable(note),
      about: about ?? WHOLE_RUN,
      at: meta.at,
      revision,
    },
  ]
}
