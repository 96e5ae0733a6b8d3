import { randomBytes } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { sqliteTables, type SqliteTables } from '../sqlite-tables.ts'
import { inTransaction } from './transaction.ts'
import type { SqliteViewState } from './view-state.ts'
import { createTables, SHADOW_TABLES, sqliteDialect, tableName } from '../table-sql.ts'
import { rebuildTakenOver } from '../view-decision.ts'
import type { ViewShadow } from '../view-store.ts'
import { viewTables } from '../view-tables.ts'

interface Opened {
  readonly db: DatabaseSync
  readonly state: SqliteViewState
}

type Use = <Result>(work: (opened: Opened) => Result) => Result

/** Tables beside those that are read, in the same file: to put them in place takes no copy. Those of a process that died go with the next rebuild. */
export const beginSqliteShadow = (use: Use): ViewShadow => {
  const shadow = randomBytes(6).toString('hex')
  use(({ db, state }) => {
    inTransaction(db, () => {
      dropShadows(db)
      db.exec(createTables(sqliteDialect, shadow))
      state.setRebuild(shadow)
    })
  })
  let tables: { readonly db: DatabaseSync; readonly tables: SqliteTables } | undefined
  const tablesOf = ({ db, state }: Opened): SqliteTables => {
    if (state.rebuild() !== shadow) throw rebuildTakenOver()
    // The file may have been begun anew, with another connection.
    if (tables?.db !== db) tables = { db, tables: sqliteTables(db, shadow) }
    return tables.tables
  }
  return {
    getMany: async (runIds) =>
      use((opened) => {
        const { get } = tablesOf(opened)
        return runIds.flatMap((runId) => get(runId) ?? [])
      }),
    put: async (changes) => {
      use((opened) => inTransaction(opened.db, () => tablesOf(opened).put(changes)))
    },
    finish: async (place) => {
      use((opened) => {
        inTransaction(opened.db, () => {
          if (opened.state.rebuild() !== shadow) throw rebuildTakenOver()
          for (const table of viewTables) {
            opened.db.exec(`drop table ${table.name}; alter table ${tableName(table, shadow)} rename to ${table.name};`)
          }
          opened.state.replaced(place)
          opened.state.setRebuild(undefined)
        })
      })
    },
    discard: async () => {
      use(({ db, state }) => {
        inTransaction(db, () => {
          if (state.rebuild() !== shadow) return
          dropShadows(db)
          state.setRebuild(undefined)
        })
      })
    },
  }
}

export const dropShadows = (db: DatabaseSync): void => {
  const found = db.prepare("select name from sqlite_master where type = 'table' and name like ? escape '\\'").all(SHADOW_TABLES)
  for (const { name } of found) db.exec(`drop table ${String(name)}`)
}
