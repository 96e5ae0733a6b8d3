import type { RunEvent } from '../../src/events/envelope.ts'
import type { OutlineRow } from '../../src/projections/outline-row.ts'

/**
 * A row as the event that it was made of, for the folds of `src/projections`. What it has no words of is empty: what a fold makes of words is
 * for the server to say.
 */
export const eventOfOutline = (row: OutlineRow, runId: string): RunEvent =>
  ({
    id: String(row.revision),
    runId,
    revision: row.revision,
    type: row.type,
    data: {
      ...NO_WORDS,
      ...row,
      settings: { limits: row.limits },
      parts: partsOf(row),
      subject: { tool: row.tool },
      seal: { real: row.real ?? [] },
    },
    meta: row,
  }) as unknown as RunEvent

const NO_WORDS = { input: null, output: null, message: '', reason: '', text: '' }

const partsOf = ({ asks = [] }: OutlineRow) => asks.map((name) => ({ type: 'toolCall', id: '', name, argumentsText: '' }))
