import { reportBlocks, type ReportTable } from '../evals/report/report-blocks.ts'
import type { EvalReport } from '../evals/report/report.ts'
import type { CommandLine } from './command-line.ts'
import { textTable } from './text-table.ts'

export const printReport = async (line: Pick<CommandLine, 'output'>, report: EvalReport): Promise<void> => {
  for (const block of reportBlocks(report)) {
    if (typeof block === 'string') await line.output.line(block)
    else await printTable(line, block)
    await line.output.line()
  }
}

export const printTable = async ({ output }: Pick<CommandLine, 'output'>, { columns, rows }: ReportTable): Promise<void> => {
  for (const text of textTable(columns, rows, output.width)) await output.line(text)
}
