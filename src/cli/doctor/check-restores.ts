import { identityOf } from '../../consumers/log-identity.ts'
import type { EventLog } from '../../eventlog/event-log.ts'
import { counted } from '../amounts.ts'
import type { Findings } from './findings.ts'

const TOLD_FOR_MS = 30 * 24 * 3_600_000

/** Older copies that were restored lately, with the runs of which more was known than they hold: whole runs, and runs whose end is gone. */
export const checkRestores = async (
  log: EventLog,
  { now, findings }: { readonly now: number; readonly findings: Findings },
): Promise<void> => {
  for (const { at, by, lostRuns } of (await identityOf(log)).restores) {
    if (at < now - TOLD_FOR_MS) continue
    const found = {
      severity: 'warning',
      check: 'restored',
      message:
        `An older copy of the log was restored, as ${by ?? 'a process'} has recorded at ${new Date(at).toISOString()}; ` +
        (lostRuns.size === 0 ? 'nobody knew more than it holds' : `more was known of ${counted(lostRuns.size, 'run')}`),
      remedy:
        'See to the calls that wait for a person (`refold query stuck`), and tell whoever asked for what is lost; `docs/operations.md` says how.',
    } as const
    if (lostRuns.size === 0) findings.add(found)
    for (const [runId, revision] of lostRuns) findings.add(found, `${runId}@${revision}`)
  }
}
