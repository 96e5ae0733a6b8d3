import { afterAll, beforeAll, beforeEach, vi } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import type { EventLog } from '../../src/eventlog/event-log.ts'
import type { EventStoreDbOptions } from '../../src/eventlog/eventstoredb/eventstoredb-event-log.ts'
import { eventStoreDbEventLog } from '../../src/eventlog/eventstoredb/eventstoredb-event-log.ts'
import { NO_FAULTS } from '../../servers/event-store/faults.ts'
import type { StandIn } from '../../servers/event-store/event-store-stand-in.ts'
import { noteServer, STAND_IN } from '../support/server-lines.ts'
import { startDurableStandIn, startStandIn } from '../../servers/event-store/event-store-stand-in.ts'

// Processes are started and killed, and faults are waited for: on a busy machine that takes its time.
vi.setConfig({ testTimeout: 30_000 })

noteServer('faults of servers, networks and clients of the event log', STAND_IN)

/** Short, since every fault below is waited for so long. */
export const TIMEOUT_MS = 400

export const openLog = ({ connectionString }: Pick<StandIn, 'connectionString'>, options: Partial<EventStoreDbOptions> = {}): EventLog =>
  eventStoreDbEventLog({ connectionString, clock: systemClock, appendTimeoutMs: TIMEOUT_MS, silenceMs: TIMEOUT_MS, ...options })

/** One stand-in for all tests of a file, without faults at the begin of each. */
export const sharedStandIn = (): (() => StandIn) => {
  let standIn: StandIn
  beforeAll(async () => {
    standIn = await startStandIn()
  })
  beforeEach(() => standIn.set(NO_FAULTS))
  afterAll(() => standIn.stop())
  return () => standIn
}

/** Runs something with a log that is open on the stand-in. */
export const withLog = async (
  standIn: Pick<StandIn, 'connectionString'>,
  work: (log: EventLog) => Promise<void>,
  options: Partial<EventStoreDbOptions> = {},
): Promise<void> => {
  const log = openLog(standIn, options)
  try {
    await work(log)
  } finally {
    await log.close()
  }
}

interface DurableSetting {
  readonly standIn: StandIn
  /** Of the file that holds the events. */
  readonly path: string
}

/** Runs something with a stand-in of its own, whose events outlive its process. */
export const withDurableStandIn = async (work: (setting: DurableSetting) => Promise<void>): Promise<void> => {
  const standIn = await startDurableStandIn()
  try {
    await work({ standIn, path: standIn.path })
  } finally {
    await standIn.stop()
  }
}
