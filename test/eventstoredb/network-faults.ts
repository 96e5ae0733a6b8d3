import { describe, expect, test } from 'vitest'
import type { EventLog } from '../../src/eventlog/event-log.ts'
import type { ClientPackage } from '../../src/eventlog/eventstoredb-client.ts'
import { follow, idsIn, idsOf, newEvents, newStream, revisionsOf } from '../conformance/event-log-cases.ts'
import type { TcpProxy } from './tcp-proxy.ts'
import { startTcpProxy } from './tcp-proxy.ts'
import { openLog, tellingClock } from './with-stand-in.ts'
import { startWriters } from './writers.ts'

const TIMEOUT_MS = 1_000

/** `esdb://[user:password@]host:port[/][?settings]` with one host. */
const ONE_HOST = /^(\w+:\/\/(?:[^@]*@)?)([^:,/?]+):(\d+)(.*)$/

interface Server {
  readonly connectionString: string
  readonly client?: ClientPackage
}

const withNetwork = async (
  { connectionString, ...client }: Server,
  work: (log: EventLog, network: TcpProxy, clock: ReturnType<typeof tellingClock>) => Promise<void>,
): Promise<void> => {
  const [, before, host = '', port, after] = ONE_HOST.exec(connectionString) ?? []
  const network = await startTcpProxy(host, Number(port))
  const clock = tellingClock(TIMEOUT_MS)
  const through = { connectionString: `${before}127.0.0.1:${network.port}${after}` }
  const log = openLog(through, { ...client, clock, appendTimeoutMs: TIMEOUT_MS, silenceMs: TIMEOUT_MS })
  try {
    await work(log, network, clock)
  } finally {
    await log.close()
    network.close()
  }
}

/** What an event log keeps whatever the network before its server does. The server may be a real one, without TLS. */
export const networkFaults = (name: string, server: () => Server): void => {
  describe(`an event log in ${name}, over a network with faults`, () => {
    test('loses nothing and doubles nothing under 20 writers whose connections are cut again and again', async () => {
      await withNetwork(server(), async (log, network) => {
        const writers = startWriters(log, 20)
        for (let cuts = 0; cuts < 3; cuts++) {
          await writers.acknowledged(2)
          network.cut()
        }
        await writers.acknowledged(2)
        expect(await writers.stop()).toBe(true)
      })
    })
    test('stores an append once that met a network where nothing gets through', async () => {
      await withNetwork(server(), async (log, network, clock) => {
        await log.append(newStream(), 'no-stream', newEvents(1))
        const stream = newStream()
        const events = newEvents(3)
        network.stall()
        const appended = log.append(stream, 'no-stream', events)
        await clock.wentOff(2)
        network.flow()
        expect(await appended).toMatchObject({ revision: 2 })
        expect(await idsIn(log, stream)).toEqual(idsOf(events))
      })
    })
    test('gives a subscriber each event once across cuts', async () => {
      await withNetwork(server(), async (log, network) => {
        const stream = newStream()
        const followed = follow(log, { filter: { streamPrefix: stream } }, (events) => events.length === 60)
        for (let batch = 0; batch < 6; batch++) {
          await log.append(stream, batch === 0 ? 'no-stream' : batch * 10 - 1, newEvents(10))
          if (batch % 2 === 1) network.cut()
        }
        expect(revisionsOf(await followed)).toEqual(Array.from({ length: 60 }, (_, i) => i))
      })
    })
    test('reads a stream whole while connections are cut', async () => {
      await withNetwork(server(), async (log, network) => {
        const stream = newStream()
        for (let batch = 0; batch < 10; batch++) await log.append(stream, 'any', newEvents(100))
        const seen: number[] = []
        for await (const { revision } of log.readStream(stream)) if (seen.push(revision) % 300 === 0) network.cut()
        expect(seen).toEqual(Array.from({ length: 1_000 }, (_, i) => i))
      })
    })
  })
}
