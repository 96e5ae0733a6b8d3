// What the embedded event log costs above the floor of its own disk and of SQLite itself.
// Run: npm exec -- node --conditions=refold:source bench/event-log-floors.ts [directory]
// Every contender writes the same two events per append and takes its turn in every round, first one, then another going first.
// A ratio is the median of the ratios of all rounds, so that noise of the machine falls on both sides of it.
// Not measured: loss of power, disks with a slow flush, more than one process.
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { systemClock } from '../src/clock.ts'
import type { EventLog, NewEvent } from '../src/eventlog/event-log.ts'
import { memoryEventLog } from '../src/eventlog/memory/memory-event-log.ts'
import { sqliteEventLog } from '../src/eventlog/sqlite/sqlite-event-log.ts'
import { threadLog } from './event-log-writer-thread.ts'

const ROUNDS = 60
const LONE_APPENDS = 40
const WRITERS = 100
const APPENDS_PER_WRITER = 3
const FOLD_US = 50
const READ_EVENTS = 100_000

const meta = JSON.stringify({ at: 1_763_900_000_000, runId: randomUUID(), agent: 'order-desk' })
const small = JSON.stringify({ callId: randomUUID(), text: 's'.repeat(150) })
const large = JSON.stringify({ callId: randomUUID(), text: 'l'.repeat(1_150) })

const newPair = (): [NewEvent, NewEvent] => [
  { id: randomUUID(), type: 'ToolCallSucceeded', data: small, meta },
  { id: randomUUID(), type: 'ModelCallRequested', data: large, meta },
]
const newStream = (): string => `run.3f-${randomUUID()}`
const jsonBytes = newPair().reduce((sum, event) => sum + event.id.length + event.type.length + event.data.length + event.meta.length, 0)

/** What a run does on this thread between two appends. */
const fold = (): void => {
  const began = performance.now()
  while ((performance.now() - began) * 1_000 < FOLD_US);
}

interface Contender {
  readonly name: string
  /** So many appends, one after the other. */
  alone(): Promise<void>
  /** All writers at once. */
  together(work: () => void): Promise<void>
  close(): Promise<void>
  readonly path?: string
}

const directory = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'refold-floors-'))
const pathOf = (name: string): string => join(directory, `${name}.db`)

/** What one would write by hand: a prepared insert per row, and a commit per append or per hundred appends. */
const rawLoop = (name: string, pageSize: number): Contender => {
  const path = pathOf(name)
  const db = new DatabaseSync(path)
  db.exec(`PRAGMA page_size = ${pageSize}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL`)
  db.exec(`CREATE TABLE events (
    position INTEGER PRIMARY KEY, stream TEXT NOT NULL, revision INTEGER NOT NULL, id TEXT NOT NULL,
    type TEXT NOT NULL, data TEXT NOT NULL, meta TEXT NOT NULL, UNIQUE (stream, revision))`)
  const insert = db.prepare('INSERT INTO events (stream, revision, id, type, data, meta) VALUES (?, ?, ?, ?, ?, ?)')
  const begin = db.prepare('BEGIN IMMEDIATE')
  const commit = db.prepare('COMMIT')
  const commitGroups = (groups: number, appends: number, work: () => void): void => {
    for (let group = 0; group < groups; group++) {
      begin.run()
      for (let i = 0; i < appends; i++) {
        work()
        const stream = newStream()
        newPair().forEach((event, revision) => insert.run(stream, revision, event.id, event.type, event.data, event.meta))
      }
      commit.run()
    }
  }
  return {
    name,
    path,
    alone: async () => commitGroups(LONE_APPENDS, 1, () => undefined),
    together: async (work) => commitGroups(APPENDS_PER_WRITER, WRITERS, work),
    close: async () => db.close(),
  }
}

/** With one append per stream each append makes a stream, as in the raw loop; a run has about ten. */
const logLoop = (name: string, log: Pick<EventLog, 'append' | 'close'>, appendsPerStream: number): Contender => {
  const write = async (appends: number, work: () => void): Promise<void> => {
    let stream = newStream()
    for (let i = 0; i < appends; i++) {
      const last = (i % appendsPerStream) * 2 - 1
      if (last < 0) stream = newStream()
      work()
      await log.append(stream, last < 0 ? 'no-stream' : last, newPair())
    }
  }
  return {
    name,
    alone: () => write(LONE_APPENDS, () => undefined),
    async together(work) {
      await Promise.all(Array.from({ length: WRITERS }, () => write(APPENDS_PER_WRITER, work)))
    },
    close: () => log.close(),
  }
}

const sqliteLoop = (name: string, appendsPerStream: number): Contender => {
  const path = pathOf(name)
  return { ...logLoop(name, sqliteEventLog({ path, clock: systemClock }), appendsPerStream), path }
}

const microsecondsPer = async (count: number, work: () => Promise<void>): Promise<number> => {
  const began = performance.now()
  await work()
  return ((performance.now() - began) * 1_000) / count
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN

const medianRatio = (these: readonly number[], those: readonly number[]): number =>
  median(these.map((value, round) => value / (those[round] ?? Number.NaN)))

/** Of the closed file. */
const bytesPerAppend = (path: string): number => {
  const db = new DatabaseSync(path)
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  const valueOf = (sql: string): number => Number(Object.values(db.prepare(sql).get() ?? {})[0])
  const bytes = valueOf('PRAGMA page_count') * valueOf('PRAGMA page_size')
  const events = valueOf('SELECT count(*) FROM events')
  db.close()
  return bytes / (events / 2)
}

interface Measurement {
  readonly contender: Contender
  readonly alone: number[]
  readonly together: number[]
  readonly folding: number[]
}

const measureRounds = async (measurements: readonly Measurement[]): Promise<void> => {
  const count = WRITERS * APPENDS_PER_WRITER
  for (let round = 0; round < ROUNDS; round++) {
    const turns = measurements.map((measurement, i) => measurements[(i + round) % measurements.length] ?? measurement)
    for (const { contender, alone } of turns) alone.push(await microsecondsPer(LONE_APPENDS, () => contender.alone()))
    for (const { contender, together } of turns) together.push(await microsecondsPer(count, () => contender.together(() => undefined)))
    for (const { contender, folding } of turns) folding.push(await microsecondsPer(count, () => contender.together(fold)))
  }
}

const measureAppends = async (): Promise<Rows> => {
  const measurementOf = (contender: Contender): Measurement => ({ contender, alone: [], together: [], folding: [] })
  const raw = measurementOf(rawLoop('raw loop', 4_096))
  const others = [
    rawLoop('raw loop, 8 KB pages', 8_192),
    sqliteLoop('sqlite log, new streams', 1),
    sqliteLoop('sqlite log, ten appends a stream', 10),
    logLoop('the same in a writer thread', threadLog(pathOf('thread')), 10),
    logLoop('memory log', memoryEventLog({ clock: systemClock }), 10),
  ]
  const measurements = [raw, ...others.map(measurementOf)]
  await measureRounds(measurements)
  const rows: Rows = {}
  for (const { contender, alone, together, folding } of measurements) {
    await contender.close()
    rows[contender.name] = {
      'one by one, us': median(alone).toFixed(1),
      'time / raw': medianRatio(alone, raw.alone).toFixed(2),
      [`${WRITERS} writers, us each`]: median(together).toFixed(1),
      'rate / raw': medianRatio(raw.together, together).toFixed(2),
      [`with ${FOLD_US} us of folding`]: median(folding).toFixed(1),
      'bytes / JSON': contender.path === undefined ? '' : (bytesPerAppend(contender.path) / jsonBytes).toFixed(3),
    }
  }
  return rows
}

const fill = async (log: EventLog): Promise<string[]> => {
  const streams = Array.from({ length: READ_EVENTS / 1_000 }, newStream)
  for (let i = 0; i < 10; i++) {
    const events = (): NewEvent[] => Array.from({ length: 100 }, () => newPair()[0])
    await Promise.all(streams.map((stream) => log.append(stream, i === 0 ? 'no-stream' : i * 100 - 1, events())))
  }
  return streams
}

const measureReads = async (): Promise<Rows> => {
  const logs = { sqlite: sqliteEventLog({ path: pathOf('reads'), clock: systemClock }), memory: memoryEventLog({ clock: systemClock }) }
  const rows: Rows = {}
  for (const [name, log] of Object.entries(logs)) {
    const streams = await fill(log)
    const rateOf = async (read: () => Promise<number>): Promise<string> => {
      const times: number[] = []
      for (let round = 0; round < 5; round++) {
        const work = async (): Promise<void> => {
          const events = await read()
          if (events !== READ_EVENTS) throw new Error(`${events} events were read, not ${READ_EVENTS}`)
        }
        times.push(await microsecondsPer(READ_EVENTS, work))
      }
      return (1_000 / median(times)).toFixed(0)
    }
    const filter = { streamPrefix: 'run.' }
    rows[name] = {
      'by stream, events/ms': await rateOf(async () => {
        let events = 0
        for (const stream of streams) events += await countOf(log.readStream(stream))
        return events
      }),
      'whole log, events/ms': await rateOf(() => countOf(log.readAll())),
      'filtered, events/ms': await rateOf(() => countOf(log.readAll({ filter }))),
      'subscription, events/ms': await rateOf(() => backlogOf(log)),
    }
    await log.close()
  }
  return rows
}

const countOf = async (items: AsyncIterable<unknown>): Promise<number> => {
  let count = 0
  for await (const item of items) if (item !== undefined) count += 1
  return count
}

const backlogOf = async (log: EventLog): Promise<number> => {
  let count = 0
  for await (const item of log.subscribe()) {
    if (item.kind === 'caughtUp') return count
    count += 1
  }
  return count
}

type Rows = Record<string, Readonly<Record<string, string>>>

const table = (rows: Rows): string => {
  const columns = ['', ...Object.keys(Object.values(rows)[0] ?? {})]
  const lines = [columns, ...Object.entries(rows).map(([name, row]) => [name, ...Object.values(row)])]
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)))
  return lines.map((line) => line.map((cell, i) => cell[i === 0 ? 'padEnd' : 'padStart'](widths[i] ?? 0)).join('  ')).join('\n')
}

try {
  process.stdout.write(`${table(await measureAppends())}\n\n`)
  process.stdout.write(`${table(await measureReads())}\n`)
} finally {
  rmSync(directory, { recursive: true })
}
