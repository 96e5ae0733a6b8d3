import { describe, expect, test } from 'vitest'
import { follow, idsIn, idsOf, newEvents, newStream, revisionsOf } from '../conformance/event-log-cases.ts'
import { startStandIn } from './stand-in/start-stand-in.ts'
import { openLog, tellingClock, TIMEOUT_MS, withDurableStandIn, withLog } from './with-stand-in.ts'
import { startWriters } from './writers.ts'

describe('an event log in EventStoreDB', () => {
  test('survives a server that hangs: the append that met it is stored once', async () => {
    const clock = tellingClock(TIMEOUT_MS)
    await withDurableStandIn(async ({ standIn }) => {
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
  test.each(['kill', 'terminate'] as const)(
    'survives that its server is ended by %s under 20 writers: nothing acknowledged is lost',
    async (end) => {
      await withDurableStandIn(async ({ standIn, log }) => {
        const patient = openLog(standIn, { appendTimeoutMs: 1_000 })
        const stream = newStream()
        await log.append(stream, 'no-stream', newEvents(1))
        const followed = follow(patient, { filter: { streamPrefix: stream } }, (events) => events.length === 2)
        const writers = startWriters(patient, 20)
        await writers.acknowledged(3)
        await standIn[end]()
        await standIn.restart()
        await writers.acknowledged(3)
        expect(await writers.stop()).toBe(true)
        await patient.append(stream, 0, newEvents(1))
        expect(revisionsOf(await followed)).toEqual([0, 1])
        await patient.close()
      })
    },
  )
})

describe('an event log in a cluster of EventStoreDB', () => {
  const cluster = (ports: readonly number[]): { connectionString: string } => ({
    connectionString: `esdb://${ports.map((port) => `127.0.0.1:${port}`).join(',')}?tls=false&discoveryInterval=20&gossipTimeout=1`,
  })

  test('goes on with the new leader when the old one is killed under 20 writers', async () => {
    await withDurableStandIn(async ({ standIn: first, path }) => {
      const second = await startStandIn({ path })
      try {
        await second.set({ leaderPort: first.port })
        await withLog(
          cluster([first.port, second.port]),
          async (log) => {
            const writers = startWriters(log, 20)
            await writers.acknowledged(3)
            await first.kill()
            await second.set({ leaderPort: undefined })
            await writers.acknowledged(3)
            expect(await writers.stop()).toBe(true)
          },
          { appendTimeoutMs: 1_000 },
        )
      } finally {
        await second.stop()
      }
    })
  })
  test('leaves a node that has lost its leader for good', async () => {
    await withDurableStandIn(async ({ standIn: first, path }) => {
      const second = await startStandIn({ path })
      try {
        await second.set({ leaderPort: first.port })
        await withLog(
          cluster([first.port, second.port]),
          async (log) => {
            const stream = newStream()
            await log.append(stream, 'no-stream', newEvents(1))
            await second.set({ leaderPort: undefined })
            await first.set({ leaderPort: second.port, appends: { kind: 'refused', message: 'No leader info' } })
            expect(await log.append(stream, 0, newEvents(1))).toMatchObject({ revision: 1 })
            expect((await second.report()).appends).toBeGreaterThan(0)
          },
          { appendTimeoutMs: 1_000 },
        )
      } finally {
        await second.stop()
      }
    })
  })
})
