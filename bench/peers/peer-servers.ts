import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { freePorts } from '../../servers/free-ports.ts'
import { startOwnPostgres, type OwnPostgres } from '../../servers/postgres.ts'
import type { ServerKind } from './peer.ts'

/** A server with nothing in it. */
export interface PeerServer {
  /** By which its product finds it, and by which its processor time and memory are found. */
  readonly address: Readonly<Record<string, string | number>>
  readonly stop: () => Promise<void>
}

export interface PeerServers {
  /** `packages` is where the products are installed. */
  readonly start: (kind: ServerKind, folder: string, packages: string) => Promise<PeerServer>
  readonly stop: () => Promise<void>
}

/** One Postgres, with a database for each who asks; a Restate for each, since it has nothing of the kind. */
export const peerServers = (): PeerServers => {
  let postgres: Promise<OwnPostgres> | undefined
  let databases = 0
  return {
    start: async (kind, folder, packages) => {
      if (kind === 'restate') return startRestate(folder, packages)
      postgres ??= startOwnPostgres()
      databases += 1
      return openDatabase(await postgres, `peer_${databases}`)
    },
    stop: async () => (await postgres)?.stop(),
  }
}

const openDatabase = async ({ pool, connectionString }: OwnPostgres, name: string): Promise<PeerServer> => {
  await pool.query(`CREATE DATABASE ${name}`)
  const { rows } = await pool.query<{ pid: number }>('SELECT pg_backend_pid() pid')
  const url = new URL(connectionString)
  url.pathname = name
  return {
    address: { url: url.href, pid: parentOf(rows[0]?.pid ?? 0) },
    stop: async () => {
      await pool.query(`DROP DATABASE ${name} WITH (FORCE)`)
    },
  }
}

/** Of the process that serves a connection: the server itself. Elsewhere than on Linux nobody asks. */
const parentOf = (pid: number): number =>
  process.platform === 'linux' ? Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) : pid

const STARTS_WITHIN_MS = 60_000
const LOOK_EVERY_MS = 50

const startRestate = async (folder: string, packages: string): Promise<PeerServer> => {
  const base = join(folder, 'restate')
  mkdirSync(base, { recursive: true })
  const [ingress = 0, admin = 0, node = 0, endpointPort = 0] = await freePorts(4)
  const at = (port: number): string => `127.0.0.1:${port}`
  const log = join(base, 'server.log')
  const file = openSync(log, 'a')
  const program = join(packages, `node_modules/@restatedev/restate-server-${process.platform}-${process.arch}/bin/restate-server`)
  const server = spawn(program, ['--base-dir', join(base, 'data'), '--node-name', 'peers'], {
    cwd: base,
    stdio: ['ignore', file, file],
    env: {
      ...process.env,
      RESTATE_DISABLE_TELEMETRY: 'true',
      RESTATE_LOG_FILTER: 'warn',
      RESTATE_CLUSTER_NAME: 'peers',
      RESTATE_BIND_IP: '127.0.0.1',
      RESTATE_LISTEN_MODE: 'tcp',
      RESTATE_USE_RANDOM_PORTS: 'false',
      RESTATE_INGRESS__BIND_ADDRESS: at(ingress),
      RESTATE_ADMIN__BIND_ADDRESS: at(admin),
      RESTATE_BIND_ADDRESS: at(node),
      RESTATE_ADVERTISED_ADDRESS: `http://${at(node)}`,
    },
  })
  const failed = once(server, 'error').then(([error]) => Promise.reject(error as Error))
  const ended = once(server, 'exit')
  const stopWithProcess = (): boolean => server.kill('SIGKILL')
  process.once('exit', stopWithProcess)
  const isReady = async (): Promise<boolean> => {
    if (server.exitCode !== null) throw new Error(`restate-server has ended: ${readFileSync(log, 'utf8').slice(-500)}`)
    const answers = [fetch(`http://${at(admin)}/health`), fetch(`http://${at(ingress)}/restate/health`)]
    return (await Promise.all(answers.map((answer) => answer.then(({ ok }) => ok).catch(() => false)))).every(Boolean)
  }
  const ready = async (): Promise<void> => {
    const since = performance.now()
    while (!(await isReady())) {
      if (performance.now() - since > STARTS_WITHIN_MS) throw new Error(`restate-server was not ready within ${STARTS_WITHIN_MS} ms`)
      await pause(LOOK_EVERY_MS)
    }
  }
  await Promise.race([ready(), failed])
  return {
    address: { ingress: `http://${at(ingress)}`, admin: `http://${at(admin)}`, endpointPort, pid: server.pid ?? 0 },
    stop: async () => {
      process.off('exit', stopWithProcess)
      server.kill('SIGKILL')
      await ended
    },
  }
}
