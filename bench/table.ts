import type { Machine } from './machine.ts'
import type { Spread } from './rounds.ts'

export interface Row {
  readonly what: string
  readonly figure: Spread
  readonly digits: number
  readonly aim?: string
}

export interface MeasuredOn extends Machine {
  readonly loadAtEnd: number
  readonly seconds: number
}

const cellsOf = ({ what, figure, digits, aim = '' }: Row): string[] => [
  what,
  ...[figure.median, figure.min, figure.max].map((value) => value.toFixed(digits)),
  String(figure.rounds),
  aim,
]

export const machineLine = (machine: MeasuredOn): string =>
  `Node ${machine.node}, ${machine.cpu}, ${machine.cores} cores, load ${machine.load} at the beginning, ${machine.loadAtEnd} at the end, ${machine.seconds} s`

/** For people. */
export const tableText = (rows: readonly Row[]): string => {
  const lines = [['', 'median', 'least', 'most', 'rounds', 'aim'], ...rows.map(cellsOf)]
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  return lines
    .map((line) => line.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  '))
    .join('\n')
}

/** The same, to be put into a page. */
export const markdownTable = (rows: readonly Row[]): string => {
  const cells = rows.map((row) => {
    const [what = '', median = '', least = '', most = '', rounds = '', aim = ''] = cellsOf(row)
    return `| ${what.trim()} | ${median} | ${least} to ${most} | ${rounds} | ${aim} |`
  })
  return ['| What | Median | Spread | Rounds | Aim |', '| --- | --- | --- | --- | --- |', ...cells].join('\n')
}

/** Digits beyond these are noise. */
const SIGNIFICANT = 4

export const jsonText = (value: unknown): string =>
  JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'number' && !Number.isInteger(member) ? Number(member.toPrecision(SIGNIFICANT)) : member,
  )
