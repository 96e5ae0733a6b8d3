import type { Histories } from './histories.ts'
import type { RequestedRun } from './load.ts'
import type { Happening, RoundReport } from './round.ts'

export interface Totals {
  readonly rounds: number
  readonly lostEvents: number
  readonly lostRuns: number
  readonly stuckRuns: number
  readonly onceTwice: number
  readonly viewDifferences: number
}

const VERDICTS = ['lostEvents', 'lostRuns', 'stuckRuns', 'onceTwice', 'viewDifferences'] as const

export const totalsOf = (reports: readonly RoundReport[]): Totals => {
  const sum = (name: (typeof VERDICTS)[number]): number => reports.reduce((total, report) => total + report[name].length, 0)
  return {
    rounds: reports.length,
    lostEvents: sum('lostEvents'),
    lostRuns: sum('lostRuns'),
    stuckRuns: sum('stuckRuns'),
    onceTwice: sum('onceTwice'),
    viewDifferences: sum('viewDifferences'),
  }
}

const MOST_EXAMPLES = 5

/** What happened in a round and what came of it; examples of what must not be. */
export const roundLine = (report: RoundReport): string[] => {
  const { round, runs, happenings, drainMs } = report
  const bad = VERDICTS.flatMap((name) => (report[name].length === 0 ? [] : [`${name} ${report[name].length}`]))
  const counts = [...Map.groupBy(happenings, ({ name }) => name)].map(([name, times]) => `${name} ${times.length}x`)
  return [
    `round ${round}: ${runs} runs, ${counts.join(', ')}; at rest ${(drainMs / 1000).toFixed(1)} s after the last start: ${bad.length === 0 ? 'all well' : bad.join(', ')}`,
    ...VERDICTS.flatMap((name) => report[name].slice(0, MOST_EXAMPLES).map((example) => `  ${name}: ${example}`)),
  ]
}

/** For each fault that came alone: how long the part was away, and what those saw who asked for runs meanwhile. */
export const happeningsTable = (reports: readonly RoundReport[], histories: Histories): string[] => {
  const seen = reports
    .filter(({ round }) => round % 2 === 1)
    .flatMap((report) => report.happenings.map((happening) => ({ report, happening })))
  const rows = [...Map.groupBy(seen, ({ happening }) => happening.name)].map(([name, times]) => {
    const away = times.map(({ happening: { from, to } }) => to - from)
    const pauses = times.map(({ happening: { from, to } }) => longestPause(histories.storedTimes(), from, to))
    const waits = (over: RequestedRun['over']): string =>
      seconds(
        times.map(({ happening, report }) =>
          longestWait(
            report.requested.filter((command) => command.over === over),
            histories,
            happening,
          ),
        ),
      )
    return `| ${name} | ${times.length} | ${seconds(away)} | ${seconds(pauses)} | ${waits('bus')} | ${waits('http')} |`
  })
  if (rows.length === 0) return []
  const titles = [
    'what came alone',
    'times',
    'part away, s',
    'no run went on for, s',
    'slowest start over the bus, s',
    'slowest start over HTTP, s',
  ]
  return ['', `| ${titles.join(' | ')} |`, `|${titles.map(() => ' --- |').join('')}`, ...rows, 'Seconds: median, longest.', '']
}

/** Between two events of whatever runs, of which the later one came after the fault and the earlier one before the part was back. */
const longestPause = (times: readonly number[], from: number, to: number): number => {
  let longest = 0
  for (const [at, time] of times.entries()) {
    const before = times[at - 1]
    if (before !== undefined && time > from && before < to) longest = Math.max(longest, time - before)
  }
  return longest
}

/** From the request to the first event of its run, of all that were requested while the part was away. */
const longestWait = (requested: readonly RequestedRun[], histories: Histories, { from, to }: Happening): number =>
  Math.max(
    0,
    ...requested
      .filter(({ requestedAt }) => requestedAt > from && requestedAt < to)
      .map(({ runId, requestedAt }) => (histories.of(runId)[0]?.storedAt ?? requestedAt) - requestedAt),
  )

const seconds = (durations: readonly number[]): string => {
  const sorted = durations.toSorted((a, b) => a - b)
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0
  return `${(median / 1000).toFixed(1)}, ${((sorted.at(-1) ?? 0) / 1000).toFixed(1)}`
}
