import { createRequire } from 'node:module'
import { describe, expect, test } from 'vitest'
import type { StandIn } from '../../servers/event-store/event-store-stand-in.ts'
import { NO_FAULTS } from '../../servers/event-store/faults.ts'
import type { Connect } from '../../src/eventlog/eventstoredb/client.ts'
import { runsGoOn } from './runs-go-on.ts'
import { tellingClock } from './telling-clock.ts'
import { withDurableStandIn, withLog } from './with-stand-in.ts'

const PATIENT_MS = 1_000

/** What the client does when another one of the process fails: its own pending appends are rejected, and their answers throw where nobody can catch it. */
const strayTypeError = async (standIn: StandIn): Promise<void> => {
  const { EventStoreDBClient } = createRequire(import.meta.url)('@eventstore/db-client') as {
    EventStoreDBClient: { connectionString: Connect }
  }
  const foreign = EventStoreDBClient.connectionString(`${standIn.connectionString}&connectionName=foreign`)
  const { appends } = await standIn.report()
  await standIn.set({ appends: { kind: 'answeredLate' }, appendCount: 3 })
  await standIn.arrived(appends + 1)
  await standIn.set({ appends: { kind: 'storedThenBroken', code: 14, details: 'connection lost' }, appendsOf: 'foreign' })
  const id = crypto.randomUUID()
  const event = { id, type: 'Foreign', contentType: 'application/json', data: {}, metadata: new Uint8Array() } as const
  const options = { expectedRevision: 'any', streamState: 'any', requiresLeader: true } as const
  await expect(foreign.appendToStream(`foreign-${id}`, [event], options)).rejects.toThrow(/connection lost/)
  await standIn.answerLate()
  await standIn.set(NO_FAULTS)
  await foreign.dispose()
}

describe('runs on EventStoreDB', () => {
  test('go on, each effect once, though the client hangs, throws where nobody can catch it, and refuses for good', async () => {
    await withDurableStandIn(async ({ standIn }) => {
      await withLog(
        standIn,
        (log) =>
          runsGoOn(log, [
            () => standIn.wedge(),
            () => strayTypeError(standIn),
            async () => {
              // The next client keeps the failure of its first question to the server, and is of no use.
              await standIn.set({ capabilities: { code: 13 } })
              await standIn.wedge()
              const clock = tellingClock(PATIENT_MS * 3)
              clock.setTimer(PATIENT_MS * 3, () => undefined)
              await clock.wentOff(1)
              await standIn.set({ capabilities: 'answered' })
            },
          ]),
        { appendTimeoutMs: PATIENT_MS },
      )
    })
  })
  test('go on, each effect once, though the server is killed, falls silent and breaks off', async () => {
    await withDurableStandIn(async ({ standIn }) => {
      const clock = tellingClock(PATIENT_MS)
      await withLog(
        standIn,
        (log) =>
          runsGoOn(log, [
            () => standIn.set({ appends: { kind: 'storedThenBroken', code: 14, details: 'connection lost' }, appendCount: 2 }),
            async () => {
              await standIn.kill()
              await standIn.restart()
            },
            async () => {
              await standIn.set({ subscriptionsMuted: true })
              void clock.wentOff(1).then(() => standIn.set({ subscriptionsMuted: false }))
            },
            () => standIn.endSubscriptions(),
            () => standIn.endSubscriptions({ code: 13, details: 'Received RST_STREAM with code 0' }),
          ]),
        { appendTimeoutMs: PATIENT_MS, silenceMs: PATIENT_MS, clock },
      )
    })
  })
})
