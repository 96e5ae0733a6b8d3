import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

// What the disk and SQLite itself cost, whatever is built on them.

export interface DiskFloors {
  /** Writes 4 kB and flushes it, so many times. */
  flushes(count: number): void
  /** One row and one commit per text: what a durable step costs at least where one follows the other. */
  inserts(texts: readonly string[], count: number): void
  /** The same rows, a hundred of them in each commit: what steps of many runs at once could cost. */
  groupedInserts(texts: readonly string[], count: number): void
  close(): void
}

const BLOCK_BYTES = 4_096
/** The file is as long as it will be before anything is measured, as a WAL that is written again from its beginning. */
const BLOCKS = 1_024
const ROWS_PER_COMMIT = 100

export const diskFloors = (folder: string): DiskFloors => {
  const block = Buffer.alloc(BLOCK_BYTES, 1)
  const file = openSync(join(folder, 'floor.bin'), 'w')
  for (let index = 0; index < BLOCKS; index++) writeSync(file, block)
  fdatasyncSync(file)
  const db = new DatabaseSync(join(folder, 'floor.db'))
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE steps (position INTEGER PRIMARY KEY, step TEXT NOT NULL)')
  const insert = db.prepare('INSERT INTO steps (step) VALUES (?)')
  const begin = db.prepare('BEGIN IMMEDIATE')
  const commit = db.prepare('COMMIT')
  const insertInGroups = (texts: readonly string[], count: number, rowsPerCommit: number): void => {
    for (let done = 0; done < count; done += rowsPerCommit) {
      begin.run()
      for (let row = done; row < Math.min(count, done + rowsPerCommit); row++) insert.run(texts[row % texts.length] ?? '')
      commit.run()
    }
  }
  return {
    flushes(count) {
      for (let index = 0; index < count; index++) {
        writeSync(file, block, 0, BLOCK_BYTES, (index % BLOCKS) * BLOCK_BYTES)
        fdatasyncSync(file)
      }
    },
    inserts: (texts, count) => {
      insertInGroups(texts, count, 1)
    },
    groupedInserts: (texts, count) => {
      insertInGroups(texts, count, ROWS_PER_COMMIT)
    },
    close() {
      db.close()
      closeSync(file)
    },
  }
}
