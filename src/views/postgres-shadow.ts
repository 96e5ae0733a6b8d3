import { randomBytes } from 'node:crypto'
import type { Pool, PoolClient } from 'pg'
import { putChanges, readRows } from './postgres-tables.ts'
import { dropShadows, readState, writeReplaced } from './postgres-view-state.ts'
import { createTables, postgresDialect, tableName } from './table-sql.ts'
import { rebuildTakenOver } from './view-decision.ts'
import type { ViewShadow } from './view-store.ts'
import { viewTables } from './view-tables.ts'

export interface PostgresUse {
  <Result>(work: (pool: Pool) => Promise<Result>): Promise<Result>
}

export interface PostgresTransaction {
  <Result>(work: (client: PoolClient) => Promise<Result>): Promise<Result>
}

/** Tables beside those that are read, which take their place in the end. Those of a process that died go with the next rebuild. */
export const beginPostgresShadow = async (use: PostgresUse, transaction: PostgresTransaction): Promise<ViewShadow> => {
  const shadow = randomBytes(6).toString('hex')
  await transaction(async (client) => {
    await readState(client, 'for update')
    await dropShadows(client)
    await client.query(createTables(postgresDialect, shadow))
    await client.query('update refold_view_state set rebuild = $1', [shadow])
  })
  const own = async (source: Pool | PoolClient, lock: '' | 'for share' | 'for update' = ''): Promise<void> => {
    if ((await readState(source, lock)).rebuild !== shadow) throw rebuildTakenOver()
  }
  return {
    getMany: (runIds) =>
      use(async (pool) => {
        await own(pool)
        return readRows(pool, 'where run_id = any($1)', [runIds], shadow)
      }),
    put: (changes) =>
      transaction(async (client) => {
        await own(client, 'for share')
        await putChanges(client, changes, shadow)
      }),
    finish: (place) =>
      transaction(async (client) => {
        await own(client, 'for update')
        for (const table of viewTables) {
          await client.query(`drop table ${table.name}; alter table ${tableName(table, shadow)} rename to ${table.name}`)
        }
        await writeReplaced(client, place)
        await client.query('update refold_view_state set rebuild = null')
      }),
    discard: () =>
      transaction(async (client) => {
        if ((await readState(client, 'for update')).rebuild !== shadow) return
        await dropShadows(client)
        await client.query('update refold_view_state set rebuild = null')
      }),
  }
}
