import { jsonText, machineLine, type MeasuredOn } from '../table.ts'
import { spreadOf } from '../rounds.ts'
import type { Figures, Row } from './measured.ts'
import type { Peer, PeerName } from './peer.ts'

export interface ReportedPeer {
  readonly name: PeerName
  readonly peer: Peer
  readonly versions: readonly string[]
  readonly figures: Figures
  readonly failures: readonly string[]
}

export interface PeersReport {
  readonly date: string
  readonly command: string
  readonly machine: MeasuredOn
  readonly flushMs: readonly number[]
  readonly rows: readonly Row[]
  readonly peers: readonly ReportedPeer[]
  /** By their titles, why. */
  readonly notRun: readonly (readonly [title: string, why: string])[]
}

const NOTHING = '–'

const cell = ({ key, digits }: Row, figures: Figures): string => {
  const found = figures.get(key)
  if (found === undefined) return NOTHING
  const { median, min, max, rounds } = spreadOf(found)
  const text = (value: number): string => value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
  return rounds === 1 ? text(median) : `${text(median)} (${text(min)}-${text(max)})`
}

const linesOf = ({ rows, peers }: PeersReport): readonly (readonly string[])[] => [
  ['', ...peers.map(({ peer }) => peer.title)],
  ...rows
    .filter(({ key }) => peers.some(({ figures }) => figures.has(key)))
    .map((row) => [row.what, ...peers.map(({ figures }) => cell(row, figures))]),
]

const headOf = ({ date, command, machine, flushMs }: PeersReport): string => {
  const { median, min, max } = spreadOf(flushMs)
  const flush = `a flush of 2 kB ${median.toFixed(2)} ms (${min.toFixed(2)} to ${max.toFixed(2)})`
  return `Taken on ${date} by \`${command}\`: ${machineLine(machine)}; ${flush}. Medians of the rounds, with the least and the most.`
}

const notesOf = ({ peers, notRun }: PeersReport): readonly (readonly [title: string, note: string])[] => [
  ...peers.map(({ peer, versions }): [string, string] => [peer.title, [...versions, peer.durability].join(', ').concat(`. ${peer.lacks}`)]),
  // What fails in one round fails in the others, mostly.
  ...peers.flatMap(({ peer, failures }) =>
    [...new Set(failures)].map((failure): [string, string] => [peer.title, `not measured: ${failure}`]),
  ),
  ...notRun.map(([title, why]): [string, string] => [title, `not run: ${why}`]),
]

/** For people. */
export const reportText = (report: PeersReport): string => {
  const lines = linesOf(report)
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  const padded = lines.map((line) =>
    line.map((each, column) => (column === 0 ? each.padEnd(widths[0] ?? 0) : each.padStart(widths[column] ?? 0))).join('  '),
  )
  return [headOf(report), '', ...padded, '', ...notesOf(report).map(([title, note]) => `${title}: ${note}`)].join('\n')
}

/** The same, to be put into a page. */
export const reportMarkdown = (report: PeersReport): string => {
  const [head = [], ...rows] = linesOf(report).map((line) => `| ${line.join(' | ')} |`)
  const columns = `| --- |${' ---: |'.repeat(report.peers.length)}`
  const notes = notesOf(report).map(([title, note]) => `- **${title}**: ${note}`)
  return [headOf(report), '', head, columns, ...rows, '', ...notes].join('\n')
}

/** All rounds, in their order. */
export const reportJson = ({ rows, peers, notRun, ...rest }: PeersReport): string =>
  jsonText({
    ...rest,
    rows: Object.fromEntries(rows.map(({ key, what }) => [key, what])),
    peers: Object.fromEntries(
      peers.map(({ name, peer, versions, figures, failures }) => [
        name,
        { title: peer.title, versions, figures: Object.fromEntries(figures), failures },
      ]),
    ),
    notRun: Object.fromEntries(notRun),
  })
