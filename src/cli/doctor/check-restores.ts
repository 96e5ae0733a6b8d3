import { identityOf } from '../../consumers/log-identity.ts'
import type { EventLog } from '../../eventlog/event-log.ts'
import type { SeenRun } from './check-events.ts'
import type { Findings } from './findings.ts'

const TOLD_FOR_MS = 30 * 24 * 3_600_000

/** Older copies that were restored lately, and what was known beyond them. */
export const checkRestores = async (
  log: EventLog,
  { runs, now, findings }: { readonly runs: ReadonlyMap<string, SeenRun>; readonly now: number; readonly findings: Findings },
): Promise<void> => {
  for (const { at, by, lostRuns } of (await identityOf(log)).restores) {
    if (at < now - TOLD_FOR_MS) continue
    const found = {
      severity: 'warning',
      check: 'restored',
      message: `An older copy of the log was restored, as ${by ?? 'a process'} has recorded at ${new Date(at).toISOString()}; more was known of ${lostRuns.size} runs`,
      remedy:
        'See to the calls that wait for a person (`refold query stuck`), and tell whoever wished what is lost; `docs/operations.md` says how.',
    } as const
    const missing = [...lostRuns].filter(([runId]) => !runs.has(runId))
    if (missing.length === 0) findings.add(found)
    for (const [runId, revision] of missing) findings.add(found, `${runId}@${revision}`)
  }
}
