import { Option } from 'commander'
import type { TraceOptions } from '../actions/trace.ts'
import type { AddCommand } from '../command-line.ts'
import { traceFormats } from '../trace-formats.ts'

export const addTraceCommand: AddCommand = (program, commandLine) => {
  program
    .command('trace')
    .description('what a run did and how long each part of it took, as spans')
    .argument('<run>', 'run id')
    .addOption(
      new Option('--format <format>', 'a tree, OTLP as JSON, a chart of Mermaid, or a file for Perfetto (default: tree)').choices(
        traceFormats,
      ),
    )
    .option('--content', 'also what people, models and tools said, in otlp and perfetto')
    .addHelpText('after', '\nExamples:\n  refold trace 0190a7…\n  refold trace 0190a7… --format perfetto > run.json')
    .action(async (runId: string, options: TraceOptions) => (await import('../actions/trace.ts')).trace(commandLine(), runId, options))
}
