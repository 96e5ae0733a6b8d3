import { createWriteStream, type WriteStream } from 'node:fs'
import { once } from 'node:events'
import { Option } from 'commander'
import { AppError, messageOf } from '../../errors.ts'
import { RUN_STREAM_PREFIX } from '../../events/codec.ts'
import type { OpenRefold } from '../../open-refold.ts'
import { counted } from '../amounts.ts'
import type { AddCommand, CommandLine } from '../command-line.ts'
import { exitCodes } from '../exit-codes.ts'
import { writeAll } from '../output.ts'
import { looking } from '../session.ts'
import { eventsOfRun, exportedEvent, tryRead, type ReadEvent } from '../stored-events.ts'

interface ExportOptions {
  readonly all?: true
  readonly format: 'ndjson' | 'json'
  readonly output?: string
}

export const addExportCommand: AddCommand = (program, commandLine) => {
  program
    .command('export')
    .description('write events with their envelopes, payloads in place')
    .argument('[runs...]', 'run ids')
    .option('--all', 'every run, in the order of the log')
    .addOption(new Option('--format <format>', 'one event a line, or one array').choices(['ndjson', 'json']).default('ndjson'))
    .option('-o, --output <file>', 'a file instead of stdout')
    .addHelpText('after', '\nExamples:\n  refold export --all -o events.ndjson\n  refold export 0190a7… | jq -r .type')
    .action((runIds: string[], options: ExportOptions) => exportEvents(commandLine(), runIds, options))
}

const exportEvents = (line: CommandLine, runIds: readonly string[], { all, format, output }: ExportOptions): Promise<void> => {
  if ((runIds.length === 0) !== (all === true))
    throw new AppError('InvalidInput', 'Expected run ids or --all, found ' + (all === true ? 'both' : 'neither'))
  return looking(line, async (refold) => {
    const file = output === undefined ? undefined : await openFile(output)
    const sink = file ?? line.stdout
    const problems: string[] = []
    let events = 0
    for await (const read of all === true ? everyEvent(refold) : eventsOfRuns(refold, runIds)) {
      if (!read.ok) problems.push(read.problem.message)
      const before = format === 'ndjson' ? '' : events === 0 ? '[\n' : ',\n'
      await writeAll(sink, `${before}${JSON.stringify(exportedEvent(read))}${format === 'ndjson' ? '\n' : ''}`)
      events += 1
    }
    if (format === 'json') await writeAll(sink, events === 0 ? '[]\n' : '\n]\n')
    if (file !== undefined) await closeFile(file)
    if (output !== undefined) await line.output.note(`${counted(events, 'event')} written to ${output}`)
    if (problems.length === 0) return
    await line.output.note(
      `${counted(problems.length, 'event')} could only be written as stored:\n${problems.map((text) => `  ${text}`).join('\n')}`,
    )
    line.exitWith(exitCodes.wrong)
  })
}

async function* everyEvent({ log, blobs }: OpenRefold): AsyncGenerator<ReadEvent> {
  for await (const stored of log.readAll({ filter: { streamPrefix: RUN_STREAM_PREFIX } })) yield await tryRead(blobs, stored)
}

async function* eventsOfRuns(refold: OpenRefold, runIds: readonly string[]): AsyncGenerator<ReadEvent> {
  for (const runId of runIds) yield* eventsOfRun(refold, runId)
}

const openFile = async (path: string): Promise<WriteStream> => {
  const file = createWriteStream(path)
  try {
    await once(file, 'open')
    return file
  } catch (cause) {
    throw new AppError('InvalidInput', `Expected a file that can be written at ${path}: ${messageOf(cause)}`, { details: { path }, cause })
  }
}

const closeFile = async (file: WriteStream): Promise<void> => {
  file.end()
  await once(file, 'close')
}
