import { afterAll, describe, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import type { EventLog } from '../../src/eventlog/event-log.ts'
import { eventStoreDbEventLog } from '../../src/eventlog/eventstoredb/eventstoredb-event-log.ts'
import { CLIENT_PACKAGES, type ClientPackage } from '../../src/eventlog/eventstoredb/client.ts'
import { eventLogConformance } from '../conformance/event-log.ts'
import { noteServer } from '../support/server-lines.ts'
import { networkFaults } from './network-faults.ts'
import { leadingNode, type OneNode } from './one-node.ts'
import { runsGoOn } from './runs-go-on.ts'
import { sharedStore } from './shared-store.ts'

// Run by `npm run test:eventstoredb` against the server or the cluster that REFOLD_TEST_EVENTSTORE names. Nothing here knows the stand-in.

const connectionString = process.env['REFOLD_TEST_EVENTSTORE'] ?? ''
if (connectionString === '') {
  throw new Error('REFOLD_TEST_EVENTSTORE is not set: name the server to test against, for example esdb://127.0.0.1:2113?tls=false')
}
const client = CLIENT_PACKAGES.find((name) => name === (process.env['REFOLD_TEST_EVENTSTORE_CLIENT'] ?? CLIENT_PACKAGES[0]))
if (client === undefined) throw new Error(`Expected REFOLD_TEST_EVENTSTORE_CLIENT to be one of ${CLIENT_PACKAGES.join(', ')}`)

/** A cluster on slow disks may pause for a second or two. */
const TIMEOUT_MS = 3_000

const openLog = (): EventLog => eventStoreDbEventLog({ connectionString, client, clock: systemClock })

const versionOf = async (node: OneNode): Promise<string> => {
  try {
    const response = await fetch(`http://${node.host}:${node.port}/info`, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    const { esVersion, dbVersion } = (await response.json()) as { esVersion?: string; dbVersion?: string }
    return esVersion ?? dbVersion ?? 'of an unknown version'
  } catch {
    return 'of an unknown version'
  }
}

const note = (suite: string, server: string): void => {
  noteServer(`${suite} through ${client as ClientPackage}`, server)
}

const hosts = connectionString.replace(/^\w+(\+discover)?:\/\/([^@/?]*@)?/, '').replace(/[/?].*$/, '')
const node = await leadingNode(connectionString, client)
const version = 'reason' in node ? 'of an unknown version' : await versionOf(node)
note('event log conformance', `EventStoreDB ${version} at ${hosts}`)

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

describe('beside others', () => {
  const log = openLog()
  sharedStore('real EventStoreDB', () => log)
  afterAll(() => log.close())
})

describe('runs on a real EventStoreDB', () => {
  test('come to their ends', async () => {
    const log = openLog()
    await runsGoOn(log, [])
    await log.close()
  })
})

if ('reason' in node) {
  note('network faults', `DID NOT RUN, ${node.reason}`)
  test.skip(`network faults: ${node.reason}`, () => undefined)
} else {
  note('network faults', `EventStoreDB ${version} at ${node.host}:${node.port}, which leads`)
  networkFaults('real EventStoreDB', () => Promise.resolve({ node, client, timeoutMs: TIMEOUT_MS }))
}

// What no test can do to a server of somebody's own is said, so that nobody takes it for shown.
note(
  'loss of a node',
  'DID NOT RUN, the server is not touched: npm run chaos -- --eventstore … --control … kills, stops and freezes its nodes',
)
note(
  'scavenge',
  'DID NOT RUN, a server scavenges only files that it has filled, 256 MB each: positions of truncated and deleted events were tried',
)
note('limits of an operator', 'DID NOT RUN, they are set when the server is started: MaxAppendEventSize of KurrentDB below 900 KiB')
note('access rights', 'were those of the user in the connection string: name one that is no administrator, as docs/deployment.md says')
