import type { DatabaseSync } from 'node:sqlite'
import type { MemoryTables } from './tables.ts'
import { sqliteTables } from '../sqlite-tables.ts'
import { createTables, sqliteDialect } from '../table-sql.ts'
import type { QueryText, ViewRow } from '../view-queries.ts'

/** Asks tables in memory the same SQL as any other, in a database that is made when somebody asks and kept until they change. */
export interface MemoryAnswers {
  readonly ask: (tables: MemoryTables, query: QueryText) => ViewRow[]
  /** All of them, as the bytes of a file of SQLite. */
  readonly bytes: (tables: MemoryTables) => Uint8Array
  readonly close: () => void
}

export const memoryAnswers = (): MemoryAnswers => {
  let loaded: { readonly db: DatabaseSync; readonly tables: MemoryTables; readonly puts: number } | undefined
  const close = (): void => {
    loaded?.db.close()
    loaded = undefined
  }
  const databaseOf = (tables: MemoryTables): DatabaseSync => {
    if (loaded?.tables !== tables || loaded.puts !== tables.puts()) {
      close()
      loaded = { db: load(tables), tables, puts: tables.puts() }
    }
    return loaded.db
  }
  return {
    ask: (tables, { text, values }) =>
      databaseOf(tables)
        .prepare(text)
        .all(...values) as ViewRow[],
    bytes: (tables) => databaseOf(tables).serialize(),
    close,
  }
}

const load = ({ rows, records }: MemoryTables): DatabaseSync => {
  // Not imported: an older Node has no such module, and would say that before it is told which Node is needed.
  const sqlite = process.getBuiltinModule('node:sqlite')
  const db = new sqlite.DatabaseSync(':memory:')
  db.exec(`begin; ${createTables(sqliteDialect, '')}`)
  sqliteTables(db, '').put({ rows: [...rows.values()], records: records() })
  db.exec('commit')
  return db
}
