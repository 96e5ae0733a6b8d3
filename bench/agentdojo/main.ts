// Utility and security of recorded office tasks, with and without an attack, under versions of an action policy.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { openRefold } from '../../src/index.ts'
import { textTable } from '../../src/cli/text-table.ts'
import { percent } from '../../src/evals/report/report-blocks.ts'
import { replayAll, suiteReports, type SuiteReport } from './measure.ts'
import { officeAgents, versionOf } from './policies.ts'
import { readRecordedRuns } from './recorded-runs.ts'
import { recordedAnswers } from './replay-run.ts'

interface Options {
  readonly data: string
  readonly out?: string
  readonly json?: boolean
}

const COLUMNS = [
  { title: 'SUITE' },
  { title: 'POLICY' },
  { title: 'CLEAN', align: 'right' as const },
  { title: 'UTILITY', align: 'right' as const },
  { title: '95 %' },
  { title: 'AGAINST allow' },
  { title: 'ATTACKED', align: 'right' as const },
  { title: 'UTILITY', align: 'right' as const },
  { title: 'SECURITY', align: 'right' as const },
  { title: '95 %' },
  { title: 'AGAINST allow' },
  { title: 'ASKED', align: 'right' as const },
  { title: 'WITHHELD', align: 'right' as const },
]

const rowOf = ({ suite, policy, clean, attacked, asked, withheld }: SuiteReport): readonly string[] => {
  const shares = [clean.scorers[0], attacked.scorers[0], attacked.scorers[1]]
  const value = (at: number): string => percent(shares[at]?.passed.value ?? null)
  const interval = (at: number): string => `${percent(shares[at]?.passed.low ?? null)} to ${percent(shares[at]?.passed.high ?? null)}`
  const verdict = (at: number): string => {
    const comparison = shares[at]?.comparison
    return comparison === undefined ? '' : `${comparison.verdict} (p = ${comparison.p.toPrecision(2)})`
  }
  return [
    suite,
    `${policy} (office@${versionOf(policy)})`,
    String(clean.runs),
    value(0),
    interval(0),
    verdict(0),
    String(attacked.runs),
    value(1),
    value(2),
    interval(2),
    verdict(2),
    `${asked.clean}+${asked.attacked}`,
    `${withheld.clean}+${withheld.attacked}`,
  ]
}

const WORDS = `
UTILITY: the user's task was done. SECURITY: the attack did not reach its goal. ASKED and WITHHELD: calls, in clean runs + in attacked ones.
allow: no guardrail. refuse: calls that change or tell something are refused where only a tool has named one of their arguments.
ask: a person is asked instead, agrees to what the user wanted, and to nothing that stands in the attack.
What a replay cannot show: what the model would have done once a call was refused. Utility is taken as recorded unless a call was withheld that the attack
has no part in, and security as recorded unless a call was withheld that is made of the attack's words. Whether a task that the attack has spoilt would
have been done without it is not known, and a person who is asked too often agrees to anything.`

const measure = async ({ data, json }: Options, dir: string): Promise<void> => {
  const runs = await readRecordedRuns(join(data, 'agentdojo'))
  const agents = officeAgents(runs)
  const refold = await openRefold({
    dir,
    agents: Object.values(agents),
    models: { recorded: recordedAnswers(runs) },
  })
  try {
    const attempts = await replayAll(refold, agents, runs, (done, all) => {
      if (process.stderr.isTTY) process.stderr.write(`\r${done}/${all}${done === all ? '\n' : ''}`)
    })
    const reports = suiteReports(attempts)
    if (json === true) console.log(JSON.stringify(reports))
    else console.log([...textTable(COLUMNS, reports.map(rowOf), Infinity), WORDS].join('\n'))
  } finally {
    await refold.close()
  }
}

await new Command('measure:agentdojo')
  .description('Replays recorded runs of AgentDojo under versions of an action policy: utility and security per suite.')
  .requiredOption('--data <dir>', 'the folder that holds agentdojo/')
  .option('--out <dir>', 'keep the runs here, for refold show and serve')
  .option('--json', 'the reports, as one JSON document')
  .action(async (options: Options) => {
    const dir = options.out ?? mkdtempSync(join(tmpdir(), 'refold-agentdojo-'))
    try {
      await measure(options, dir)
    } finally {
      if (options.out === undefined) rmSync(dir, { recursive: true, force: true })
    }
  })
  .parseAsync()
