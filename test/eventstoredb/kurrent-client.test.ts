import { afterAll, beforeAll, describe, vi } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import type { EventLog } from '../../src/eventlog/event-log.ts'
import { eventStoreDbEventLog } from '../../src/eventlog/eventstoredb/eventstoredb-event-log.ts'
import type { ClientPackage } from '../../src/eventlog/eventstoredb/client.ts'
import { eventLogConformance } from '../conformance/event-log.ts'
import { noteServer, STAND_IN } from '../support/server-lines.ts'
import { networkFaults, type Server } from './network-faults.ts'
import { leadingNode } from './one-node.ts'
import { sharedStore } from './shared-store.ts'
import type { StandIn } from '../../servers/event-store/event-store-stand-in.ts'
import { startStandIn } from '../../servers/event-store/event-store-stand-in.ts'

// In a file of its own, and so in a process of its own, since a process holds only one of the client packages.

// Ten thousand events over a network, beside whatever else this machine does.
vi.setConfig({ testTimeout: 30_000 })

noteServer('event log conformance and network faults through @kurrent/kurrentdb-client', STAND_IN)

let standIn: StandIn
beforeAll(async () => {
  standIn = await startStandIn()
})
afterAll(() => standIn.stop())

const server = (): { connectionString: string; client: ClientPackage } => ({
  connectionString: standIn.connectionString.replace('esdb:', 'kurrentdb:'),
  client: '@kurrent/kurrentdb-client',
})
const openLog = (): EventLog => eventStoreDbEventLog({ ...server(), clock: systemClock })

eventLogConformance(
  'EventStoreDB (through the client of KurrentDB)',
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

describe('beside others', () => {
  let log: EventLog
  beforeAll(() => {
    log = openLog()
  })
  afterAll(() => log.close())
  sharedStore('EventStoreDB (through the client of KurrentDB)', () => log)
})

networkFaults('EventStoreDB (through the client of KurrentDB)', async (): Promise<Server> => {
  const { connectionString, client } = server()
  const node = await leadingNode(connectionString, client)
  if ('reason' in node) throw new Error(node.reason)
  return { node, client, timeoutMs: 1_000 }
})
