import { afterAll, beforeAll, vi } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import type { EventLog } from '../../src/eventlog/event-log.ts'
import { eventStoreDbEventLog } from '../../src/eventlog/eventstoredb/eventstoredb-event-log.ts'
import type { StandIn } from '../../servers/event-store/event-store-stand-in.ts'
import { startStandIn } from '../../servers/event-store/event-store-stand-in.ts'
import { noteServer, STAND_IN } from '../support/server-lines.ts'
import { eventLogConformance } from './event-log.ts'

// Ten thousand events over a network, beside whatever else this machine does.
vi.setConfig({ testTimeout: 30_000 })

noteServer('event log conformance through @eventstore/db-client', STAND_IN)

let standIn: StandIn
beforeAll(async () => {
  standIn = await startStandIn()
})
afterAll(() => standIn.stop())

const openLog = (): EventLog => eventStoreDbEventLog({ connectionString: standIn.connectionString, clock: systemClock })

eventLogConformance(
  'EventStoreDB',
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
