import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { Pool, PoolClient } from 'pg'
import { isAppError } from '../../errors.ts'
import { putChanges, readRows } from './tables.ts'
import { dropShadows, readState, writeReplaced } from './view-state.ts'
import { createTables, postgresDialect, tableName } from '../table-sql.ts'
import { rebuildTakenOver } from '../view-decision.ts'
import type { ViewShadow } from '../view-store.ts'
import { viewTables } from '../view-tables.ts'

export interface PostgresUse {
  <Result>(work: (pool: Pool) => Promise<Result>): Promise<Result>
}

export interface PostgresTransaction {
  <Result>(work: (client: PoolClient) => Promise<Result>): Promise<Result>
}

/** Shorter than the second after which Postgres ends one of those that wait for each other: it must not be a reader. */
const LONGEST_LOCK_WAIT_MS = 300
const LONGEST_WAIT_MS = 60_000
const WAIT_MS = 100

/** Most queries read the runs last. */
const LOCK_ORDER = viewTables.map(({ name }) => name).toReversed()

/** Lock not available, deadlock detected. */
const HELD_BY_OTHERS: ReadonlySet<unknown> = new Set(['55P03', '40P01'])

/** Tables can change places only between queries, and a long one must not hold up all that come after it: so it is tried again and again. */
const untilNobodyReads = async (swap: () => Promise<void>): Promise<void> => {
  for (let waited = 0; ; waited += WAIT_MS + LONGEST_LOCK_WAIT_MS) {
    try {
      await swap()
      return
    } catch (error) {
      if (waited > LONGEST_WAIT_MS || !isAppError(error) || !HELD_BY_OTHERS.has(codeOf(error.cause))) throw error
      await setTimeout(WAIT_MS)
    }
  }
}

const codeOf = (cause: unknown): unknown => (cause instanceof Error && 'code' in cause ? cause.code : undefined)

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
      untilNobodyReads(() =>
        transaction(async (client) => {
          await own(client, 'for update')
          await client.query(`set local lock_timeout = ${LONGEST_LOCK_WAIT_MS}`)
          await client.query(`lock table ${LOCK_ORDER.join(', ')} in access exclusive mode`)
          // At once: what a role may see of one table is said by another.
          await client.query(`drop table ${viewTables.map(({ name }) => name).join(', ')}`)
          for (const table of viewTables) await client.query(`alter table ${tableName(table, shadow)} rename to ${table.name}`)
          await writeReplaced(client, place)
          await client.query('update refold_view_state set rebuild = null')
        }),
      ),
    discard: () =>
      transaction(async (client) => {
        if ((await readState(client, 'for update')).rebuild !== shadow) return
        await dropShadows(client)
        await client.query('update refold_view_state set rebuild = null')
      }),
  }
}
