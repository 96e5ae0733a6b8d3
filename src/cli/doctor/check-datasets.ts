import type { Clock } from '../../clock.ts'
import { grownTo } from '../../consumers/growing/grown-files.ts'
import { logLag } from '../../consumers/log-lag.ts'
import type { GrownDatasets } from '../../evals/growing/grow-rule.ts'
import type { EventLog } from '../../eventlog/event-log.ts'
import { age } from '../amounts.ts'
import type { Findings } from './findings.ts'

/** They are written now and then, and nothing waits for them. */
const PATIENCE_MS = 10 * 60_000

/** Whether somebody grows the datasets of the configuration. */
export const checkDatasets = async (
  { log, clock }: { readonly log: EventLog; readonly clock: Clock },
  datasets: GrownDatasets | undefined,
  findings: Findings,
): Promise<void> => {
  if (datasets === undefined) return
  const position = await grownTo(datasets.dir)
  const { since } = await logLag({ log, clock }, position === 0 ? undefined : position)
  const behindMs = since === undefined ? 0 : clock.now() - since
  if (behindMs < PATIENCE_MS) return
  findings.add({
    severity: 'warning',
    check: 'datasets',
    message: `The datasets in ${datasets.dir} are ${age(behindMs)} behind the log`,
    remedy: 'A worker or a service has to run, on servers `refold dataset grow`: refold dataset grow --once',
  })
}
