import { Option } from 'commander'
import { chartFormats } from '../chart-formats.ts'
import type { AddCommand } from '../command-line.ts'
import { wholeNumber } from '../option-values.ts'
import type { ChartOptions } from '../actions/chart.ts'

export const addChartCommand: AddCommand = (program, commandLine) => {
  program
    .command('chart')
    .description('draw the chart of an agent, or of a run with where it stands')
    .argument('[agent]', 'name of an agent of the configuration')
    .option('--run <run>', 'run id: its states and its last step are marked, and html has a slider over its events')
    .option('--at <revision>', 'as of this revision of the run', wholeNumber)
    .addOption(new Option('--format <format>', 'by the ending of FILE, or mermaid').choices(chartFormats))
    .option('-o, --output <file>', 'a file instead of stdout')
    .addHelpText('after', '\nExamples:\n  refold chart support -o support.svg\n  refold chart --run 0190a7… -o run.html')
    .action(async (agent: string | undefined, options: ChartOptions) =>
      (await import('../actions/chart.ts')).chart(commandLine(), agent, options),
    )
}
