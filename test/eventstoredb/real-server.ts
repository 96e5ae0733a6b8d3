import { systemClock } from '../../src/clock.ts'
import type { EventLog } from '../../src/eventlog/event-log.ts'
import { eventStoreDbEventLog } from '../../src/eventlog/event-log.eventstoredb.ts'
import { eventLogConformance } from '../conformance/event-log.ts'
import { networkFaults } from './network-faults.ts'

// Run by `npm run test:eventstoredb` against the server that REFOLD_TEST_EVENTSTORE names.

const connectionString = process.env['REFOLD_TEST_EVENTSTORE'] ?? ''
if (connectionString === '') {
  throw new Error('REFOLD_TEST_EVENTSTORE is not set: name the server to test against, for example esdb://127.0.0.1:2113?tls=false')
}

const openLog = (): EventLog => eventStoreDbEventLog({ connectionString, clock: systemClock })

eventLogConformance(
  'real EventStoreDB',
  () => {
    let log = openLog()
    return Promise.resolve({
      log,
      async reopen() {
        await log.close()
        return (log = openLog())
      },
      dispose: () => log.close(),
    })
  },
  { readsFromAnyPosition: false },
)

networkFaults('real EventStoreDB', () => ({ connectionString }))
