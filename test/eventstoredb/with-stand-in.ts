import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../../src/clock.ts'
import { systemClock } from '../../src/clock.ts'
import type { EventLog } from '../../src/eventlog/event-log.ts'
import type { EventStoreDbOptions } from '../../src/eventlog/event-log.eventstoredb.ts'
import { eventStoreDbEventLog } from '../../src/eventlog/event-log.eventstoredb.ts'
import type { StandIn } from './stand-in/start-stand-in.ts'
import { startStandIn } from './stand-in/start-stand-in.ts'

/** Short, since every fault below is waited for so long. */
export const TIMEOUT_MS = 200

export const openLog = ({ connectionString }: Pick<StandIn, 'connectionString'>, options: Partial<EventStoreDbOptions> = {}): EventLog =>
  eventStoreDbEventLog({ connectionString, clock: systemClock, appendTimeoutMs: TIMEOUT_MS, silenceMs: TIMEOUT_MS, ...options })

interface Setting {
  readonly standIn: StandIn
  readonly log: EventLog
}

/** Runs something with a fresh stand-in, and a log that is open on it. */
export const withStandIn = async (work: (setting: Setting) => Promise<void>, options: Partial<EventStoreDbOptions> = {}): Promise<void> => {
  const standIn = await startStandIn()
  const log = openLog(standIn, options)
  try {
    await work({ standIn, log })
  } finally {
    await log.close()
    await standIn.stop()
  }
}

/** The same, where the events outlive the process of the stand-in. */
export const withDurableStandIn = async (work: (setting: Setting & { readonly path: string }) => Promise<void>): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'refold-stand-in-'))
  const path = join(folder, 'log.db')
  const standIn = await startStandIn({ path })
  const log = openLog(standIn)
  try {
    await work({ standIn, log, path })
  } finally {
    await log.close()
    await standIn.stop()
    rmSync(folder, { recursive: true })
  }
}

/** The system's clock, which also tells when a timer of this length has gone off. */
export const tellingClock = (delayMs: number): Clock & { wentOff(times: number): Promise<void> } => {
  let count = 0
  const waiting = new Set<() => void>()
  return {
    now: () => systemClock.now(),
    setTimer: (ms, wake) =>
      systemClock.setTimer(ms, () => {
        wake()
        if (ms !== delayMs) return
        count += 1
        for (const look of waiting) look()
      }),
    wentOff: (times) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (count < times) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      }),
  }
}
