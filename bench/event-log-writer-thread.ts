// The alternative that was measured and not taken: the transactions of the event log in a thread of their own.
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { measureAppend } from '../src/eventlog/append.ts'
import type { Outcome } from '../src/eventlog/sqlite/commit-queue.ts'
import type { AppendResult, EventLog, ExpectedRevision, NewEvent } from '../src/eventlog/event-log.ts'
import { sqliteCommit } from '../src/eventlog/sqlite/commit.ts'
import { openLogDatabase, sameFile } from '../src/eventlog/sqlite/database.ts'
import type { LogWriter, Written } from '../src/eventlog/sqlite/writer.ts'
import { logWriter } from '../src/eventlog/sqlite/writer.ts'

type SentAppend = readonly [stream: string, expected: ExpectedRevision, events: readonly NewEvent[], lengths: readonly number[]]

interface Waiting {
  readonly sent: SentAppend
  readonly resolve: (result: AppendResult) => void
}

export const threadLog = (path: string): Pick<EventLog, 'append' | 'close'> => {
  const thread = new Worker(new URL(import.meta.url), { workerData: path })
  let waiting: Waiting[] = []
  let underWay: Waiting[] = []
  const send = (): void => {
    if (underWay.length > 0 || waiting.length === 0) return
    underWay = waiting
    waiting = []
    thread.postMessage(underWay.map(({ sent }) => sent))
  }
  thread.on('message', (outcomes: readonly Outcome[]) => {
    const done = underWay
    underWay = []
    outcomes.forEach((outcome, i) => {
      if ('value' in outcome) done[i]?.resolve(outcome.value as AppendResult)
    })
    send()
  })
  return {
    append: (stream, expected, events) =>
      new Promise((resolve) => {
        waiting.push({ sent: [stream, expected, events, measureAppend(stream, expected, events)], resolve })
        send()
      }),
    async close() {
      await thread.terminate()
    },
  }
}

const commitForever = (path: string): void => {
  const db = openLogDatabase(path)
  const commit = sqliteCommit(db, logWriter(db, Date.now), path, sameFile(path))
  parentPort?.on('message', (sent: readonly SentAppend[]) => {
    const writes = sent.map(([stream, expected, events, lengths]) => ({
      stream,
      bytes: 0,
      run: (writer: LogWriter) => writer.append(stream, expected, events, lengths),
    }))
    const outcomes = commit(writes)
    if (outcomes === 'busy') throw new Error('expected to be the only process that writes this log')
    parentPort?.postMessage(outcomes.map((outcome) => ('value' in outcome ? { value: (outcome.value as Written).result } : outcome)))
  })
}

if (!isMainThread) commitForever(String(workerData))
