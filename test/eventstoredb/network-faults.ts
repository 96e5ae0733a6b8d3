import { describe, expect, test } from 'vitest'
import type { EventLog } from '../../src/eventlog/event-log.ts'
import { eventStoreDbEventLog } from '../../src/eventlog/eventstoredb/eventstoredb-event-log.ts'
import type { ClientPackage } from '../../src/eventlog/eventstoredb/client.ts'
import { follow, fromNow, idsIn, idsOf, newEvents, newStream, rejection, revisionsOf } from '../conformance/event-log-cases.ts'
import type { OneNode } from './one-node.ts'
import { runsGoOn } from './runs-go-on.ts'
import type { TcpProxy } from './tcp-proxy.ts'
import { startTcpProxy } from './tcp-proxy.ts'
import type { TellingClock } from './telling-clock.ts'
import { tellingClock } from './telling-clock.ts'
import { startWriters } from './writers.ts'

export interface Server {
  readonly node: OneNode
  readonly client: ClientPackage
  /** Longer than the server's longest pause, and what the tests wait for. */
  readonly timeoutMs: number
}

const withNetwork = async (
  { node, client, timeoutMs }: Server,
  work: (log: EventLog, network: TcpProxy, clock: TellingClock) => Promise<void>,
): Promise<void> => {
  const network = await startTcpProxy(node.host, node.port)
  const clock = tellingClock(timeoutMs)
  const connectionString = node.connectionStringThrough('127.0.0.1', network.port)
  const log = eventStoreDbEventLog({ connectionString, client, clock, appendTimeoutMs: timeoutMs, silenceMs: timeoutMs })
  try {
    await work(log, network, clock)
  } finally {
    await log.close()
    network.close()
  }
}

/** What an event log keeps whatever the network before its server does; the numbers are those of test/conformance/README.md. */
export const networkFaults = (name: string, server: () => Promise<Server>): void => {
  describe(`an event log in ${name}, over a network with faults`, () => {
    writes(server)
    readers(server)
    test('carries runs to their ends, and none of them notices more than a pause', async () => {
      await withNetwork(await server(), async (log, network) => {
        await runsGoOn(log, [() => network.cut(), () => network.stallPresent(), () => network.cut()])
      })
    })
  })
}

const writes = (server: () => Promise<Server>): void => {
  test('40: loses nothing and doubles nothing under 20 writers whose connections are cut again and again', async () => {
    await withNetwork(await server(), async (log, network) => {
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
    await withNetwork(await server(), async (log, network, clock) => {
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
  test('41: an append that nobody answers ends in time, of unknown outcome, and the same append again settles it', async () => {
    await withNetwork(await server(), async (log, network) => {
      const stream = newStream()
      await log.append(stream, 'no-stream', newEvents(1))
      const events = newEvents(2)
      network.stall()
      await rejection(log.append(stream, 0, events), 'OutcomeUnknown')
      network.flow()
      expect(await log.append(stream, 0, events)).toMatchObject({ revision: 2 })
      expect((await idsIn(log, stream)).slice(1)).toEqual(idsOf(events))
    })
  })
}

const readers = (server: () => Promise<Server>): void => {
  test('gives a subscriber each event once across cuts', async () => {
    await withNetwork(await server(), async (log, network) => {
      const stream = newStream()
      const followed = follow(log, await fromNow(log, stream), (events) => events.length === 60)
      for (let batch = 0; batch < 6; batch++) {
        await log.append(stream, batch === 0 ? 'no-stream' : batch * 10 - 1, newEvents(10))
        if (batch % 2 === 1) network.cut()
      }
      expect(revisionsOf(await followed)).toEqual(Array.from({ length: 60 }, (_, i) => i))
    })
  })
  test('35: finds out that a subscription hangs which nobody ends, and begins it anew', async () => {
    await withNetwork(await server(), async (log, network) => {
      const stream = newStream()
      const live = Promise.withResolvers<undefined>()
      const followed = follow(log, await fromNow(log, stream), (events, item) => {
        if (item.kind === 'caughtUp') live.resolve(undefined)
        return events.length === 2
      })
      await live.promise
      network.stallPresent()
      await log.append(stream, 'no-stream', newEvents(2))
      expect(revisionsOf(await followed)).toEqual([0, 1])
    })
  })
  test('reads a stream whole while connections are cut', async () => {
    await withNetwork(await server(), async (log, network) => {
      const stream = newStream()
      for (let batch = 0; batch < 10; batch++) await log.append(stream, 'any', newEvents(100))
      const seen: number[] = []
      for await (const { revision } of log.readStream(stream)) if (seen.push(revision) % 300 === 0) network.cut()
      expect(seen).toEqual(Array.from({ length: 1_000 }, (_, i) => i))
    })
  })
}
