import type { ViewName } from '../../views/view-queries.ts'
import type { AddCommand } from '../command-line.ts'
import { withFreshOption } from '../fresh-option.ts'
import { positiveInteger, textsSoFar } from '../option-values.ts'
import { pointInTime, timeSpan } from '../point-in-time.ts'
import type { QueryOptions } from '../actions/query.ts'

/** By name alone: help does without what they are made of. */
const VIEWS = Object.keys({
  runs: true,
  timeline: true,
  transcript: true,
  stuck: true,
  costs: true,
  'model-calls': true,
  'tool-calls': true,
  approvals: true,
  versions: true,
  'chart-steps': true,
  'chart-states': true,
  'model-usage': true,
  'tool-usage': true,
  outcomes: true,
  scores: true,
  evals: true,
  'eval-runs': true,
} satisfies Readonly<Record<ViewName, true>>)

const EXAMPLES = `
Examples:
  refold query costs --since 7d
  refold query tool-calls --status failed --since 2h --csv > failed.csv
  refold query approvals --status open
  refold query stuck --waiting 15m --json
  refold query chart-states --agent support --agent-version 2 --since 7d
  refold query model-usage --by agent --every 1d --since 7d
  refold query slowest-tools
  refold query --sql 'select agent, count(*) from refold_runs group by agent'
  refold query --sql 'select run_id, turn from refold_runs where agent = $1' --parameter support --csv`

export const addQueryCommand: AddCommand = (program, commandLine) => {
  withFreshOption(program.command('query'))
    .description('ask the views of all runs: what they cost, what they wait for, where they are stuck …')
    .argument('[view]', `${VIEWS.join(', ')}, or a query that has a name; without one, what each is`)
    .option('--run <id>', 'only of this run')
    .option('--agent <name>', 'only of runs of this agent')
    .option('--agent-version <version>', 'charts and usage: only of this version')
    .option('--tenant <name>', 'only of runs of this tenant')
    .option('--tag <name=value>', 'only of runs with this tag')
    .option('--status <status>', 'only those; the view names them')
    .option('--since <time>', '30s, 15m, 2h or 7d ago, or from 2026-11-01 or 2026-11-01T10:00Z on', pointInTime)
    .option('--until <time>', 'before this time', pointInTime)
    .option('--waiting <time>', 'stuck: only escalations that have waited for so long', timeSpan)
    .option('--by <what>', 'usage: by model, tool, agent, version, tenant or all; the view names them')
    .option('--every <time>', 'usage: how long a slot of time is; 1h without it', timeSpan)
    .option('--limit <n>', 'at most so many; 50 without it, in SQL 10000', positiveInteger)
    .option('--cursor <text>', 'go on behind a page, as it said')
    .option('--csv', 'CSV on stdout, with all columns')
    .option('--sql <text>', 'one statement in SQL that only reads; - reads it from stdin')
    .option('--parameter <text>', 'the value of $1, $2 … in SQL, in order', textsSoFar)
    .option('--timeout <time>', 'how long a query in SQL may take; 1s without it, 5s at most', timeSpan)
    .addHelpText('after', EXAMPLES)
    .action(async (view: string | undefined, options: QueryOptions) =>
      (await import('../actions/query.ts')).query(commandLine(), view, options),
    )
}
