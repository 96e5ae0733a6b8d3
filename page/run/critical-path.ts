import type { OutlineRow } from '../../src/projections/outline-row.ts'

/**
 * Revisions of the events without which the newest would have come earlier: each the cause of the next. Behind one without a cause, as the
 * message of a user is, it goes on with the event before: that had to be over.
 */
export const criticalPath = (rows: readonly OutlineRow[]): ReadonlySet<number> => {
  const path = new Set<number>()
  for (let at = rows.length - 1; at >= 0;) {
    path.add(at)
    const cause = rows[at]?.cause
    at = cause !== undefined && cause < at ? cause : at - 1
  }
  return path
}
