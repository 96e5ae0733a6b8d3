import { describe, expect, test } from 'vitest'
import { follow, idsIn, idsOf, newEvents, newStream, revisionsOf } from '../conformance/event-log-cases.ts'
import type { StandIn } from '../../servers/event-store/event-store-stand-in.ts'
import { startStandIn } from '../../servers/event-store/event-store-stand-in.ts'
import { tellingClock } from './telling-clock.ts'
import { TIMEOUT_MS, withDurableStandIn, withLog } from './with-stand-in.ts'
import { startWriters } from './writers.ts'

const PATIENT = { appendTimeoutMs: 1_000 }

describe('an event log in EventStoreDB', () => {
  test('survives a server that hangs: the append that met it is stored once', async () => {
    await withDurableStandIn(async ({ standIn }) => {
      const clock = tellingClock(TIMEOUT_MS)
      await withLog(
        standIn,
        async (log) => {
          await log.append(newStream(), 'no-stream', newEvents(1))
          const stream = newStream()
          const events = newEvents(3)
          standIn.freeze()
          const appended = log.append(stream, 'no-stream', events)
          await clock.wentOff(2)
          standIn.thaw()
          expect(await appended).toMatchObject({ revision: 2 })
          expect(await idsIn(log, stream)).toEqual(idsOf(events))
        },
        { clock },
      )
    })
  })
  test.each(['kill', 'terminate'] as const)('loses nothing acknowledged when its server ends by %s under 20 writers', async (end) => {
    await withDurableStandIn(async ({ standIn }) => {
      await withLog(
        standIn,
        async (log) => {
          const stream = newStream()
          await log.append(stream, 'no-stream', newEvents(1))
          const followed = follow(log, { filter: { streamPrefix: stream } }, (events) => events.length === 2)
          const writers = startWriters(log, 20)
          await writers.acknowledged(3)
          await standIn[end]()
          await standIn.restart()
          await writers.acknowledged(3)
          expect(await writers.stop()).toBe(true)
          await log.append(stream, 0, newEvents(1))
          expect(revisionsOf(await followed)).toEqual([0, 1])
        },
        PATIENT,
      )
    })
  })
})

/** Runs something with two nodes that hold the same events; the first one leads. */
const withCluster = async (
  work: (nodes: { first: StandIn; second: StandIn; cluster: { connectionString: string } }) => Promise<void>,
): Promise<void> => {
  await withDurableStandIn(async ({ standIn: first, path }) => {
    const second = await startStandIn({ path })
    const hosts = [first, second].map(({ port }) => `127.0.0.1:${port}`).join(',')
    const connectionString = `esdb://${hosts}?tls=false&discoveryInterval=20&gossipTimeout=1`
    try {
      await second.set({ leader: first.port })
      await work({ first, second, cluster: { connectionString } })
    } finally {
      await second.stop()
    }
  })
}

describe('an event log in a cluster of EventStoreDB', () => {
  test('goes on with the new leader when the old one is killed under 20 writers', async () => {
    await withCluster(async ({ first, second, cluster }) => {
      const killLeader = async (): Promise<void> => {
        await first.kill()
        await second.set({ leader: 'itself' })
      }
      await withLog(
        cluster,
        async (log) => {
          const writers = startWriters(log, 20)
          await writers.acknowledged(3)
          await killLeader()
          await writers.acknowledged(3)
          expect(await writers.stop()).toBe(true)
        },
        PATIENT,
      )
    })
  })
  test('leaves a node that has lost its leader for good', async () => {
    await withCluster(async ({ first, second, cluster }) => {
      await withLog(
        cluster,
        async (log) => {
          const stream = newStream()
          await log.append(stream, 'no-stream', newEvents(1))
          await second.set({ leader: 'itself' })
          await first.set({ leader: second.port, appends: { kind: 'refused', message: 'No leader info' } })
          expect(await log.append(stream, 0, newEvents(1))).toMatchObject({ revision: 1 })
          expect((await second.report()).appends).toBeGreaterThan(0)
        },
        PATIENT,
      )
    })
  })
})
