import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { isAppError } from '../../src/errors.ts'
import type { EventLog, StoredEvent } from '../../src/eventlog/event-log.ts'
import { sqliteEventLog } from '../../src/eventlog/sqlite/sqlite-event-log.ts'
import { collect, newEvent } from '../conformance/event-log-cases.ts'
import type { WriterLine } from './event-log-writer.ts'

const ROUNDS = 8

interface Writer {
  readonly lines: readonly WriterLine[]
  /** Resolves once it has stored so many appends, or is gone. */
  stored(appends: number): Promise<void>
  end(how: 'kill' | 'stop'): Promise<void>
}

const startWriter = (path: string, name: string): Writer => {
  const program = join(import.meta.dirname, 'event-log-writer.ts')
  const child = spawn(process.execPath, ['--conditions=refold:source', program, path, name], { stdio: ['pipe', 'pipe', 'inherit'] })
  const gone = once(child, 'close')
  const lines: WriterLine[] = []
  let count = 0
  let wanted = { appends: Infinity, reached: (): void => undefined }
  createInterface({ input: child.stdout }).on('line', (text) => {
    // The last line of a killed process may be cut.
    if (!text.endsWith('}')) return
    const line = JSON.parse(text) as WriterLine
    lines.push(line)
    if (line.kind === 'stored' && ++count >= wanted.appends) wanted.reached()
  })
  return {
    lines,
    stored: (appends) => Promise.race([gone.then(() => undefined), new Promise<void>((reached) => (wanted = { appends, reached }))]),
    async end(how) {
      if (how === 'kill') child.kill('SIGKILL')
      else child.stdin.end()
      const [code, signal] = (await gone) as [number | null, string | null]
      expect(how === 'kill' ? signal : code).toBe(how === 'kill' ? 'SIGKILL' : 0)
    },
  }
}

const keyOf = (line: { readonly stream: string; readonly revision?: number }): string => `${line.stream}@${line.revision ?? ''}`

const checkStored = async (log: EventLog, lines: readonly WriterLine[]): Promise<readonly StoredEvent[]> => {
  const events = await collect(log.readAll())
  const positions = events.map((event) => event.position)
  expect(positions.every((position, i) => i === 0 || position > (positions[i - 1] ?? 0))).toBe(true)
  for (const stream of Map.groupBy(events, (event) => event.stream).values()) {
    expect(stream.every((event, i) => event.revision === i)).toBe(true)
  }
  expect(new Set(events.map((event) => event.id)).size).toBe(events.length)
  const stored = new Map(events.map((event) => [keyOf(event), event]))
  for (const line of lines.filter(({ kind }) => kind === 'stored')) {
    expect(stored.get(keyOf(line))).toMatchObject({ id: line.ids.at(-1), position: line.position })
  }
  return events
}

/** As a caller does whose process died: what was asked for is asked for again. */
const repeatAll = async (log: EventLog, lines: readonly WriterLine[]): Promise<void> => {
  for (const { stream, expected, ids } of lines.filter(({ kind }) => kind === 'asked')) {
    const events = ids.map((id) => ({ ...newEvent(), id }))
    await log.append(stream, expected, events).catch((error: unknown) => {
      // Of the shared stream another writer may have won the revision.
      if (!isAppError(error, 'EventLogConflict')) throw error
    })
  }
}

describe('the event log of a process that is killed', () => {
  let folder: string
  let path: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'refold-kill-'))
    path = join(folder, 'log.db')
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  test('40: holds every append that was acknowledged, whole, and one copy of each that is repeated', { timeout: 60_000 }, async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const writer = startWriter(path, 'writer')
      await writer.stored(40 + round * 97)
      await writer.end('kill')
      const log = sqliteEventLog({ path, clock: systemClock })
      const before = await checkStored(log, writer.lines)
      const lastAsked = writer.lines.filter(({ kind }) => kind === 'asked').slice(-200)
      await repeatAll(log, lastAsked)
      const after = await checkStored(log, writer.lines)
      expect(after.slice(0, before.length)).toEqual(before)
      const ids = new Set(after.map((event) => event.id))
      expect(lastAsked.filter((line) => line.ids.some((id) => !ids.has(id)))).toEqual([])
      await log.close()
    }
    const db = new DatabaseSync(path)
    expect(db.prepare('PRAGMA integrity_check').all()).toMatchObject([{ integrity_check: 'ok' }])
    db.close()
  })

  test('is written by two processes at once, and by the other one when one is killed', { timeout: 60_000 }, async () => {
    const writers = [startWriter(path, 'one'), startWriter(path, 'other')] as const
    await Promise.all(writers.map((writer) => writer.stored(300)))
    await writers[0].end('kill')
    const soFar = writers[1].lines.filter(({ kind }) => kind === 'stored').length
    await writers[1].stored(soFar + 200)
    await writers[1].end('stop')
    const lines = writers.flatMap((writer) => writer.lines)
    const log = sqliteEventLog({ path, clock: systemClock })
    await checkStored(log, lines)
    await repeatAll(log, lines.slice(-500))
    const events = await checkStored(log, lines)
    expect(new Set(events.map((event) => event.stream)).size).toBe(41)
    await log.close()
  })
})
