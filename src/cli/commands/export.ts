import { Option } from 'commander'
import type { AddCommand } from '../command-line.ts'
import type { ExportOptions } from '../actions/export.ts'

export const addExportCommand: AddCommand = (program, commandLine) => {
  program
    .command('export')
    .description('write events with their envelopes, payloads in place')
    .argument('[runs...]', 'run ids')
    .option('--all', 'every run, in the order of the log')
    .addOption(new Option('--format <format>', 'one event a line, or one array').choices(['ndjson', 'json']).default('ndjson'))
    .option('-o, --output <file>', 'a file instead of stdout, which others cannot read')
    .option('--blobs <folder>', 'pictures and files that were said, each as a file named by its hash')
    .addHelpText('after', '\nExamples:\n  refold export --all -o events.ndjson\n  refold export 0190a7… | jq -r .type')
    .action(async (runIds: string[], options: ExportOptions) =>
      (await import('../actions/export.ts')).exportEvents(commandLine(), runIds, options),
    )
}
