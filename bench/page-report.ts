import type { PageResults } from './page.ts'
import { jsonText, machineLine, markdownTable, tableText, type MeasuredOn, type Row } from './table.ts'

export interface PageReport extends PageResults {
  readonly machine: MeasuredOn
}

const rowsOf = ({ runs, events, ...figures }: PageResults): Row[] => [
  { what: 'first load of the page, kB as they come over the wire', figure: figures.firstLoadKb, digits: 1, aim: '<= 110' },
  { what: `list of ${runs} runs usable, ms after the navigation`, figure: figures.listUsable, digits: 0, aim: '<= 600' },
  { what: `run of ${events} events open at its end, ms`, figure: figures.runOpen, digits: 0, aim: '<= 2000' },
  { what: 'step of the slider in it to the frame, ms, in order: p95', figure: figures.sliderInOrder, digits: 1, aim: '<= 33' },
  { what: '  at random: p95', figure: figures.sliderAtRandom, digits: 1, aim: '<= 33' },
  { what: 'event to page, ms, beside 50 events/s: p95', figure: figures.appendVisible, digits: 0, aim: '<= 250' },
  { what: 'query past its deadline of 1 s, ms until the page says so', figure: figures.sqlPastDeadline, digits: 0, aim: '<= 100' },
]

export const pageTable = ({ machine, ...results }: PageReport): string => `${tableText(rowsOf(results))}\n\n${machineLine(machine)}`

export const pageMarkdown = ({ machine, ...results }: PageReport): string => `${markdownTable(rowsOf(results))}\n\n${machineLine(machine)}`

export const pageJson = (report: PageReport): string => jsonText(report)
