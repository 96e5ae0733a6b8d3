// What the embedded event log costs above the floor of its own disk and of SQLite itself.
// Run: npm exec -- node --conditions=refold:source bench/event-log-floors.ts [directory]
// Every contender writes the same two events per append and takes its turn in every round, first one, then another going first.
// A ratio is the median of the ratios of all rounds, so that noise of the machine falls on both sides of it.
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { systemClock } from '../src/clock.ts'
import type { EventLog, NewEvent } from '../src/eventlog/event-log.ts'
import { memoryEventLog } from '../src/eventlog/event-log.memory.ts'
import { sqliteEventLog } from '../src/eventlog/event-log.sqlite.ts'

const ROUNDS = 60
const SEQUENTIAL_APPENDS = 40
const WRITERS = 100
const APPENDS_PER_WRITER = 3
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

interface Contender {
  readonly name: string
  /** One append after the other. */
  one(appends: number): Promise<void>
  /** As many appends as all writers make. */
  many(): Promise<void>
  /** Closes and returns bytes on disk per append. */
  finish(): Promise<number>
}

const directory = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'refold-floors-'))

const sizePerAppend = (path: string): number => {
  const db = new DatabaseSync(path)
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  const valueOf = (sql: string): number => Number(Object.values(db.prepare(sql).get() ?? {})[0])
  const bytes = valueOf('PRAGMA page_count') * valueOf('PRAGMA page_size')
  const events = valueOf('SELECT count(*) FROM events')
  db.close()
  return bytes / (events / 2)
}

/** What one would write by hand: a prepared insert per row and a commit per append, or per hundred appends. */
const rawLoop = (name: string, pageSize: number): Contender => {
  const path = join(directory, `${name}.db`)
  const db = new DatabaseSync(path)
  db.exec(`PRAGMA page_size = ${pageSize}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL`)
  db.exec(`CREATE TABLE events (
    position INTEGER PRIMARY KEY, stream TEXT NOT NULL, revision INTEGER NOT NULL, id TEXT NOT NULL,
    type TEXT NOT NULL, data TEXT NOT NULL, meta TEXT NOT NULL, UNIQUE (stream, revision))`)
  const insert = db.prepare('INSERT INTO events (stream, revision, id, type, data, meta) VALUES (?, ?, ?, ?, ?, ?)')
  const begin = db.prepare('BEGIN IMMEDIATE')
  const commit = db.prepare('COMMIT')
  const append = (): void => {
    const stream = newStream()
    newPair().forEach((event, revision) => insert.run(stream, revision, event.id, event.type, event.data, event.meta))
  }
  const commitGroups = (groups: number, appends: number): void => {
    for (let group = 0; group < groups; group++) {
      begin.run()
      for (let i = 0; i < appends; i++) append()
      commit.run()
    }
  }
  return {
    name,
    one: async (appends) => commitGroups(appends, 1),
    many: async () => commitGroups(APPENDS_PER_WRITER, WRITERS),
    finish() {
      db.close()
      return Promise.resolve(sizePerAppend(path))
    },
  }
}

/** `appendsPerStream` 1 is the worst case: each append makes a stream. */
const logLoop = (name: string, log: EventLog, appendsPerStream: number): Omit<Contender, 'finish'> => {
  const write = async (appends: number): Promise<void> => {
    let stream = newStream()
    for (let i = 0; i < appends; i++) {
      const last = (i % appendsPerStream) * 2 - 1
      if (last < 0) stream = newStream()
      await log.append(stream, last < 0 ? 'no-stream' : last, newPair())
    }
  }
  return {
    name,
    one: write,
    async many() {
      await Promise.all(Array.from({ length: WRITERS }, () => write(APPENDS_PER_WRITER)))
    },
  }
}

const sqliteLoop = (name: string, appendsPerStream: number): Contender => {
  const path = join(directory, `${name}.db`)
  const log = sqliteEventLog({ path, clock: systemClock })
  return {
    ...logLoop(name, log, appendsPerStream),
    async finish() {
      await log.close()
      return sizePerAppend(path)
    },
  }
}

const memoryLoop = (): Contender => ({
  ...logLoop('memory log', memoryEventLog({ clock: systemClock }), 10),
  finish: () => Promise.resolve(Number.NaN),
})

const microsecondsPer = async (count: number, work: () => Promise<void>): Promise<number> => {
  const began = performance.now()
  await work()
  return ((performance.now() - began) * 1_000) / count
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN

const medianRatio = (these: readonly number[], those: readonly number[]): number =>
  median(these.map((value, round) => value / (those[round] ?? Number.NaN)))

interface Measurement {
  readonly contender: Contender
  readonly one: number[]
  readonly many: number[]
}

const measureAppends = async (): Promise<void> => {
  const measurementOf = (contender: Contender): Measurement => ({ contender, one: [], many: [] })
  const raw = measurementOf(rawLoop('raw loop', 4_096))
  const others = [
    rawLoop('raw loop, 8 KB pages', 8_192),
    sqliteLoop('sqlite log, new streams', 1),
    sqliteLoop('sqlite log, 10 appends a stream', 10),
    memoryLoop(),
  ]
  const measured = [raw, ...others.map(measurementOf)]
  for (let round = 0; round < ROUNDS; round++) {
    const turns = measured.map((_, i) => measured[(i + round) % measured.length])
    for (const turn of turns) turn?.one.push(await microsecondsPer(SEQUENTIAL_APPENDS, () => turn.contender.one(SEQUENTIAL_APPENDS)))
    for (const turn of turns) turn?.many.push(await microsecondsPer(WRITERS * APPENDS_PER_WRITER, () => turn.contender.many()))
  }
  const rows: Rows = {}
  for (const { contender, one, many } of measured) {
    rows[contender.name] = {
      'one after the other, us': median(one).toFixed(1),
      'time / raw': medianRatio(one, raw.one).toFixed(2),
      [`${WRITERS} at once, us each`]: median(many).toFixed(1),
      'rate / raw': medianRatio(raw.many, many).toFixed(2),
      'bytes / JSON': ((await contender.finish()) / jsonBytes).toFixed(3),
    }
  }
  process.stdout.write(`${table(rows)}\n`)
}

const measureReads = async (): Promise<void> => {
  const logs = {
    sqlite: sqliteEventLog({ path: join(directory, 'reads.db'), clock: systemClock }),
    memory: memoryEventLog({ clock: systemClock }),
  }
  const rows: Rows = {}
  for (const [name, log] of Object.entries(logs)) {
    const streams = Array.from({ length: READ_EVENTS / 1_000 }, newStream)
    for (let i = 0; i < 10; i++) {
      const events = (): NewEvent[] => Array.from({ length: 100 }, () => newPair()[0])
      await Promise.all(streams.map((stream) => log.append(stream, i === 0 ? 'no-stream' : i * 100 - 1, events())))
    }
    let read = 0
    const rateOf = async (read: () => Promise<void>): Promise<string> => {
      const times: number[] = []
      for (let round = 0; round < 5; round++) times.push(await microsecondsPer(READ_EVENTS, read))
      return (1_000 / median(times)).toFixed(0)
    }
    rows[name] = {
      'streams, events/ms': await rateOf(async () => {
        for (const stream of streams) for await (const event of log.readStream(stream)) read += event.data.length
      }),
      'whole log, events/ms': await rateOf(async () => {
        for await (const event of log.readAll()) read += event.data.length
      }),
      'filtered, events/ms': await rateOf(async () => {
        for await (const event of log.readAll({ filter: { streamPrefix: 'run.' } })) read += event.data.length
      }),
      'subscription, events/ms': await rateOf(async () => {
        for await (const item of log.subscribe()) if (item.kind === 'caughtUp') break
      }),
    }
    if (read === 0) throw new Error('nothing was read')
    await log.close()
  }
  process.stdout.write(`${table(rows)}\n`)
}

type Rows = Record<string, Readonly<Record<string, string>>>

const table = (rows: Rows): string => {
  const columns = ['', ...Object.keys(Object.values(rows)[0] ?? {})]
  const lines = [columns, ...Object.entries(rows).map(([name, row]) => [name, ...Object.values(row)])]
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)))
  return lines
    .map((line) => line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '))
    .join('\n')
}

try {
  await measureAppends()
  await measureReads()
} finally {
  rmSync(directory, { recursive: true })
}
