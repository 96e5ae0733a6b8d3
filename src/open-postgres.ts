import type { Pool } from 'pg'
import { systemClock } from './clock.ts'
import type { BlobStore } from './blobs/blob-store.ts'
import { AppError, isAppError, messageOf } from './errors.ts'
import type { Notice } from './runtime/notices.ts'
import { withoutPasswordsOf } from './secrets.ts'
import type { PostgresSqlOptions } from './views/postgres/postgres-sql.ts'
import type { ViewStore } from './views/view-store.ts'

/** What Postgres keeps for processes on many machines. */
export interface PostgresStores {
  readonly views: ViewStore
  readonly blobs: BlobStore
  close(): Promise<void>
}

/** An address that answers to no packet would be waited for by the client for ever. */
const CONNECT_WITHIN_MS = 20_000
const TOLD_AFTER_MS = 2_000

/** Throws `InvalidConfiguration` in words without a password. Asks no server. */
export const postgresPool = async (address: string): Promise<Pool> => {
  // Only here, so that an embedded process does not load the client.
  const { Client, Pool } = await import('pg')
  checkAddress(() => new Client({ connectionString: address }), address)
  const pool = new Pool({ connectionString: address, connectionTimeoutMillis: CONNECT_WITHIN_MS })
  // An idle connection that the server ends is replaced at its next use.
  pool.on('error', () => undefined)
  return pool
}

/** The client's own error holds the whole address. */
const checkAddress = (read: () => unknown, address: string): void => {
  try {
    read()
  } catch (error) {
    const why = withoutPasswordsOf(address, messageOf(error))
    throw new AppError('InvalidConfiguration', `The connection string of Postgres is not usable: ${why}`)
  }
}

/**
 * Makes what is not there yet. The pool is closed with the stores, and where they cannot be opened. Rejects with `StoreUnavailable`, and
 * with `InvalidConfiguration` for what no waiting mends.
 */
export const openPostgresStores = async (
  pool: Pool,
  notify: (notice: Notice) => void,
  sql?: PostgresSqlOptions,
): Promise<PostgresStores> => {
  const { postgresViewStore } = await import('./views/postgres/postgres-view-store.ts')
  const { postgresBlobStore } = await import('./blobs/blob-store.postgres.ts')
  const disarm = systemClock.setTimer(TOLD_AFTER_MS, () => {
    const why = 'it does not answer'
    notify({ type: 'serverAwaited', server: 'Postgres', at: placeOf(pool), to: 'open the views', why })
  })
  try {
    const views = await postgresViewStore(pool, sql)
    const blobs = await postgresBlobStore(pool)
    return {
      views,
      blobs,
      async close() {
        await views.close()
        await pool.end()
      },
    }
  } catch (error) {
    await pool.end()
    throw hopeless(error, placeOf(pool)) ?? error
  } finally {
    disarm()
  }
}

/** What a Postgres is that Refold was opened on, and what is in it. */
export interface PostgresInspection {
  /** As `host:port/database`. */
  readonly at: string
  readonly version: string
  readonly blobs: number
  readonly blobBytes: number
  /** Tables of Refold that its user may not change. */
  readonly deniedTables: readonly string[]
}

const TABLES = String.raw`
select relname as name, has_table_privilege(oid, 'insert') and has_table_privilege(oid, 'update') and has_table_privilege(oid, 'delete') as granted
from pg_class where relkind = 'r' and relname like 'refold\_%' and pg_table_is_visible(oid) order by relname`

/** Rejects with `StoreUnavailable`. */
export const inspectPostgres = async (address: string): Promise<PostgresInspection> => {
  const pool = await postgresPool(address)
  try {
    const server = await pool.query<{ version: string }>(`select current_setting('server_version') as version`)
    const blobs = await pool.query<{ n: string; bytes: string }>(
      `select count(*) as n, pg_total_relation_size('refold_blobs') as bytes from refold_blobs`,
    )
    const tables = await pool.query<{ name: string; granted: boolean }>(TABLES)
    const [found] = blobs.rows
    return {
      at: placeOf(pool),
      version: server.rows[0]?.version ?? 'unknown',
      blobs: Number(found?.n ?? 0),
      blobBytes: Number(found?.bytes ?? 0),
      deniedTables: tables.rows.filter(({ granted }) => !granted).map(({ name }) => name),
    }
  } catch (cause) {
    throw new AppError('StoreUnavailable', `Postgres at ${placeOf(pool)} cannot be read: ${messageOf(cause)}`, {
      retryable: true,
      cause,
    })
  } finally {
    await pool.end()
  }
}

/** As `host:port/database`. */
const placeOf = ({ options: { host, port, database, connectionString } }: Pool): string => {
  const { hostname = '', port: given = '', pathname = '' } = URL.parse(connectionString ?? '') ?? {}
  return `${host ?? hostname}:${port ?? (given === '' ? 5432 : given)}/${database ?? pathname.slice(1)}`
}

/** What the server or the connection says, by its code, and what mends it. */
const REMEDIES: Readonly<Record<string, string>> = {
  '28P01': 'correct user and password',
  '28000': 'correct the user, or let the server take it (pg_hba.conf)',
  '3D000': 'make the database, or correct its name',
  '42501': 'give the user the right to make tables in the schema, or let another one open Refold once',
  SELF_SIGNED_CERT_IN_CHAIN: 'name the file of its authority with sslrootcert=…',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'name the file of its authority with sslrootcert=…',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'name the file of its authority with sslrootcert=…',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'name the file of its authority with sslrootcert=…',
  ERR_TLS_CERT_ALTNAME_INVALID: 'use the name that is in its certificate',
  CERT_HAS_EXPIRED: 'renew its certificate',
}

const hopeless = (error: unknown, at: string): AppError | undefined => {
  const cause: unknown = isAppError(error) ? error.cause : undefined
  const message = messageOf(cause)
  const remedy = /does not support SSL/i.test(message) ? 'write sslmode=disable' : REMEDIES[codeOf(cause)]
  if (remedy !== undefined) return new AppError('InvalidConfiguration', `Postgres at ${at} refuses: ${message}: ${remedy}`, { cause })
  if (codeOf(cause) !== 'ENOTFOUND') return undefined
  const why = 'its name does not resolve: correct it, or make it known to this machine'
  return new AppError('StoreUnavailable', `Postgres at ${at} cannot be reached: ${why}`, { retryable: true, cause })
}

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : ''
