import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'vitest'
import { noteServer, STAND_IN } from '../support/server-lines.ts'

/** One line of a recorded conversation, as shared/data/eventstoredb-wire/README.md describes it. */
export interface RecordedLine {
  readonly call: number
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly to?: 'server' | 'client'
  readonly json?: unknown
  readonly base64?: string
  readonly bytes?: number
  readonly trailers?: Readonly<Record<string, string>>
}

export interface Conversation {
  readonly scenario: string
  readonly clientSaw: unknown
  readonly lines: readonly RecordedLine[]
}

const recordedFolder = join(process.env['REFOLD_DATA'] ?? resolve(import.meta.dirname, '../../../shared/data'), 'eventstoredb-wire')

export const isRecordedDataThere = existsSync(recordedFolder)

export const recordedConversation = (scenario: string): Conversation => {
  const [head, ...lines] = readFileSync(join(recordedFolder, `${scenario}.jsonl`), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown)
  return { ...(head as Pick<Conversation, 'scenario' | 'clientSaw'>), lines: lines as RecordedLine[] }
}

/** In the order in which they were recorded, which matters to those that read the whole log. */
export const recordedConversations = (): Conversation[] =>
  readdirSync(recordedFolder)
    .filter((file) => file.endsWith('.jsonl'))
    .map((file) => recordedConversation(file.replace('.jsonl', '')))
    .sort((a, b) => (a.lines[0]?.call ?? 0) - (b.lines[0]?.call ?? 0))

/** Says in the results of a test file that the recordings are missing, and what is not shown without them. */
export const skipWithoutRecordings = (whatIsNotShown: string): void => {
  const suite = 'conversations recorded with EventStoreDB 24.2'
  if (isRecordedDataThere) {
    noteServer(suite, STAND_IN)
    return
  }
  // They are no part of the project, so where they are missing that is no failure, not even where CI is set.
  noteServer(suite, `DID NOT RUN, so ${whatIsNotShown}: name their folder in REFOLD_DATA`)
  test.skip(`${whatIsNotShown}: the recorded conversations are not in ${recordedFolder}; name their folder in REFOLD_DATA`, () => undefined)
}
