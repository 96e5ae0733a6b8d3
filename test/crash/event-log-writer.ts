// A process that appends until it is killed or its input ends. Each line that it prints is one {@link WriterLine};
// what it asks for is printed before the append, what was stored after it.
import { randomUUID } from 'node:crypto'
import { systemClock } from '../../src/clock.ts'
import { isAppError } from '../../src/errors.ts'
import type { EventLog, ExpectedRevision, NewEvent } from '../../src/eventlog/event-log.ts'
import { sqliteEventLog } from '../../src/eventlog/sqlite/sqlite-event-log.ts'

export interface WriterLine {
  readonly kind: 'asked' | 'stored'
  readonly stream: string
  readonly expected: ExpectedRevision
  readonly ids: readonly string[]
  /** Of the last event, where it was stored. */
  readonly revision?: number
  readonly position?: number
}

const OWN_STREAMS = 20

const say = (line: WriterLine): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

const headOf = async (log: EventLog, stream: string): Promise<number> => {
  try {
    for await (const event of log.readStream(stream, { direction: 'backwards', limit: 1 })) return event.revision
  } catch (error) {
    if (!isAppError(error, 'StreamNotFound')) throw error
  }
  return -1
}

const batchOf = (size: number): NewEvent[] =>
  Array.from({ length: size }, (_, i) => ({
    id: randomUUID(),
    type: 'ToolCallSucceeded',
    data: JSON.stringify({ text: 'x'.repeat((i + size) * 400) }),
    meta: '{}',
  }))

const appendOn = async (log: EventLog, stream: string, isOver: () => boolean): Promise<void> => {
  let head = await headOf(log, stream)
  for (let i = 0; !isOver(); i++) {
    const events = batchOf(1 + (i % 3))
    const asked = { stream, expected: head < 0 ? ('no-stream' as const) : head, ids: events.map((event) => event.id) }
    say({ kind: 'asked', ...asked })
    try {
      const { revision, position } = await log.append(stream, asked.expected, events)
      say({ kind: 'stored', ...asked, revision, position })
      head = revision
    } catch (error) {
      if (!isAppError(error, 'EventLogConflict')) throw error
      head = await headOf(log, stream)
    }
  }
}

const run = async (path: string, name: string): Promise<void> => {
  const log = sqliteEventLog({ path, clock: systemClock })
  let isOver = false
  process.stdin.on('end', () => (isOver = true)).resume()
  const streams = ['shared', ...Array.from({ length: OWN_STREAMS }, (_, i) => `${name}-${i}`)]
  await Promise.all(streams.map((stream) => appendOn(log, stream, () => isOver)))
  await log.close()
}

const [path, name] = process.argv.slice(2)
if (path !== undefined && name !== undefined) await run(path, name)
