import { describe, expect, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { eventStoreDbEventLog } from '../../src/eventlog/eventstoredb/eventstoredb-event-log.ts'
import { newEvents, newStream, rejection } from '../conformance/event-log-cases.ts'
import { sharedStandIn, withLog } from './with-stand-in.ts'

const standIn = sharedStandIn()

describe('the client packages for EventStoreDB', () => {
  test('are not loaded into one process together: the second one would break the first', async () => {
    await withLog(standIn(), async (log) => {
      await log.append(newStream(), 'no-stream', newEvents(1))
    })
    const { connectionString } = standIn()
    const other = eventStoreDbEventLog({ connectionString, client: '@kurrent/kurrentdb-client', clock: systemClock })
    await rejection(other.append(newStream(), 'no-stream', newEvents(1)), 'InvalidConfiguration')
    await rejection(other.head(), 'InvalidConfiguration')
    await other.close()
    await withLog(standIn(), async (log) => {
      expect(await log.append(newStream(), 'no-stream', newEvents(1))).toMatchObject({ revision: 0 })
    })
  })
  test('are given a connection string that they can read, or say at the first call that they cannot', async () => {
    const log = eventStoreDbEventLog({ connectionString: 'postgres://somewhere', clock: systemClock })
    await rejection(log.append(newStream(), 'no-stream', newEvents(1)), 'InvalidConfiguration')
    await log.close()
  })
})
