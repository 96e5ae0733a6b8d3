import { createWriteStream } from 'node:fs'
import { resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { AppError, isAppError, messageOf } from '../../errors.ts'
import { RUN_STREAM_PREFIX, runIdOf } from '../../events/codec.ts'
import type { OpenRefold } from '../../open-refold.ts'
import { PRIVATE_FILE } from '../../private-files.ts'
import { visibleJson } from '../../text.ts'
import { counted } from '../../projections/amount-text.ts'
import type { CommandLine } from '../command-line.ts'
import { exportedBlobs, type ExportedBlobs } from '../exported-blobs.ts'
import { exitCodes } from '../exit-codes.ts'
import { jsonText } from '../../json.ts'
import { logHead } from '../log-head.ts'
import { reading } from '../session.ts'
import { eventsOfRun, exportedEvent, tryRead, type ReadEvent } from '../stored-events.ts'

export interface ExportOptions {
  readonly all?: true
  readonly format: 'ndjson' | 'json'
  readonly output?: string
  readonly blobs?: string
}

export const exportEvents = (
  line: CommandLine,
  runIds: readonly string[],
  { all, format, output, blobs: folder }: ExportOptions,
): Promise<void> => {
  const isAll = all === true
  if ((runIds.length === 0) !== isAll) throw new AppError('InvalidInput', `Expected run ids or --all, found ${isAll ? 'both' : 'neither'}`)
  return reading(line, async (refold) => {
    const exported: Exported = { events: 0, problems: [] }
    const blobs = exportedBlobs(refold.blobs)
    const content = texts(noting(isAll ? everyEvent(refold) : eventsOfRuns(refold, runIds), blobs), { format, isAll }, exported)
    if (output === undefined) await pipeline(content, line.stdout, { end: false })
    else await writeFile(output, content)
    const { events, problems } = exported
    if (output !== undefined) await line.output.note(`${counted(events, 'event')} written to ${output}`)
    if (folder !== undefined) {
      const written = await blobs.write(resolve(line.cwd, folder))
      problems.push(...written.problems)
      await line.output.note(`${counted(written.files, 'file')} written to ${folder}`)
    }
    if (problems.length === 0) return
    await line.output.note(`${counted(problems.length, 'problem')}: events could only be written as stored, or bytes not at all:`)
    for (const text of problems) await line.output.note(`  ${text}`)
    line.exitWith(exitCodes.wrong)
  })
}

async function* noting(events: AsyncIterable<ReadEvent>, blobs: ExportedBlobs): AsyncGenerator<ReadEvent> {
  for await (const event of events) {
    blobs.note(event)
    yield event
  }
}

const SEPARATORS = {
  ndjson: { begin: '', between: '\n', end: '\n', none: '' },
  json: { begin: '[\n', between: ',\n', end: '\n]\n', none: '[]\n' },
}

interface Exported {
  events: number
  readonly problems: string[]
}

/** All of the log ends with its head, so that a file from which events were taken is no longer whole, and a log neither. */
async function* texts(events: AsyncIterable<ReadEvent>, { format, isAll }: Form, exported: Exported): AsyncGenerator<string> {
  const { begin, between, end, none } = SEPARATORS[format]
  const whole = logHead()
  const written = (value: unknown): string => visibleJson(jsonText(value))
  for await (const read of events) {
    yield `${exported.events === 0 ? begin : between}${written(exportedEvent(read))}`
    exported.events += 1
    whole.add(runIdOf(read.stored.stream), { revision: read.stored.revision, hash: read.ok ? read.event.meta.hash : hashIn(read) })
    if (!read.ok) exported.problems.push(read.problem.message)
  }
  if (exported.events === 0) yield none
  else yield isAll ? `${between}${written(whole.head())}${end}` : end
}

interface Form {
  readonly format: ExportOptions['format']
  readonly isAll: boolean
}

/** As whoever reads the line finds it. */
const hashIn = (read: ReadEvent): string => {
  const { meta } = exportedEvent(read)
  const hash = typeof meta === 'object' && meta !== null && 'hash' in meta ? meta.hash : undefined
  return typeof hash === 'string' ? hash : ''
}

const writeFile = async (path: string, content: AsyncIterable<string>): Promise<void> => {
  try {
    await pipeline(content, createWriteStream(path, { mode: PRIVATE_FILE }))
  } catch (cause) {
    if (isAppError(cause)) throw cause
    throw new AppError('InvalidInput', `Expected a file that can be written at ${path}: ${messageOf(cause)}`, { details: { path }, cause })
  }
}

async function* everyEvent({ log, blobs }: OpenRefold): AsyncGenerator<ReadEvent> {
  for await (const stored of log.readAll({ filter: { streamPrefix: RUN_STREAM_PREFIX } })) yield await tryRead(blobs, stored)
}

async function* eventsOfRuns(refold: OpenRefold, runIds: readonly string[]): AsyncGenerator<ReadEvent> {
  for (const runId of runIds) yield* eventsOfRun(refold, runId)
}
