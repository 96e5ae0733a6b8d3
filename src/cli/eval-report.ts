import { reportBlocks, type ReportTable } from '../evals/report/report-blocks.ts'
import type { EvalReport } from '../evals/report/report.ts'
import { counted } from '../projections/amount-text.ts'
import type { CommandLine } from './command-line.ts'
import { textTable } from './text-table.ts'

/** Of an eval that is not complete it says so first, and of one of which nothing is there nothing else. */
export const printReport = async (
  line: Pick<CommandLine, 'output'>,
  report: EvalReport,
  { planned, scored }: { readonly planned: number; readonly scored: number },
): Promise<void> => {
  if (scored < planned)
    await line.output.line(`Not complete: ${scored} of ${counted(planned, 'run')} are scored. The same command goes on.\n`)
  if (scored === 0) return
  for (const block of reportBlocks(report)) {
    if (typeof block === 'string') await line.output.line(block)
    else await printTable(line, block)
    await line.output.line()
  }
}

export const printTable = async ({ output }: Pick<CommandLine, 'output'>, { columns, rows }: ReportTable): Promise<void> => {
  for (const text of textTable(columns, rows, output.width)) await output.line(text)
}
