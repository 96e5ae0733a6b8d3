import type { Pool } from 'pg'
import { AppError, isAppError, messageOf } from '../errors.ts'
import { sha256 } from '../hash.ts'
import { checkHash, checkContent, damagedBlob, missingBlob } from './blob-checks.ts'
import type { BlobStore } from './blob-store.ts'

// Any number that nothing else in the data base uses.
const ADVISORY_LOCK = 7_203_812
const PLACE = 'the table refold_blobs'

/** Blobs in Postgres, for workers on many machines. Bytes and not text, since Postgres texts cannot hold U+0000. The pool stays the caller's. */
export const postgresBlobStore = async (pool: Pool): Promise<BlobStore> => {
  await reporting(() => migrate(pool))
  const checked = async (hash: string): Promise<Buffer> => {
    checkHash(hash)
    const { rows } = await reporting(() => pool.query<{ body: Buffer }>('select body from refold_blobs where sha256 = $1', [hash]))
    const [row] = rows
    if (row === undefined) throw missingBlob(hash, PLACE)
    const found = sha256(row.body)
    if (found !== hash) throw damagedBlob(hash, found, PLACE)
    return row.body
  }
  return {
    async put(content) {
      checkContent(content)
      const bytes = Buffer.from(content as string)
      const hash = sha256(bytes)
      await reporting(() =>
        pool.query(
          'insert into refold_blobs (sha256, body) values ($1, $2) on conflict (sha256) do update set body = excluded.body, put_at = now()',
          [hash, bytes],
        ),
      )
      return hash
    },
    get: async (hash) => (await checked(hash)).toString(),
    getBytes: checked,
    async remove(hash, putBefore) {
      checkHash(hash)
      const { rows } = await reporting(() =>
        pool.query(
          'with gone as (delete from refold_blobs where sha256 = $1 and put_at < to_timestamp($2::float8 / 1000)) select 1 from refold_blobs where sha256 = $1 and put_at >= to_timestamp($2::float8 / 1000)',
          [hash, putBefore],
        ),
      )
      return rows.length === 0
    },
    // A put that is cut off leaves nothing.
    dropDrafts: () => Promise.resolve(),
  }
}

const migrate = async (pool: Pool): Promise<void> => {
  const client = await pool.connect()
  try {
    await client.query('begin')
    await client.query('select pg_advisory_xact_lock($1)', [ADVISORY_LOCK])
    await client.query('create table if not exists refold_blobs (sha256 text primary key, body bytea not null)')
    await client.query('alter table refold_blobs add column if not exists put_at timestamptz not null default now()')
    await client.query('commit')
  } finally {
    client.release()
  }
}

const reporting = async <Result>(work: () => Promise<Result>): Promise<Result> => {
  try {
    return await work()
  } catch (cause) {
    if (isAppError(cause)) throw cause
    throw new AppError('StoreUnavailable', `the blobs in Postgres cannot be reached or written: ${messageOf(cause)}`, {
      retryable: true,
      cause,
    })
  }
}
