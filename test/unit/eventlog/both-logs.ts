import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../../../src/clock.ts'
import { systemClock } from '../../../src/clock.ts'
import type { EventLog } from '../../../src/eventlog/event-log.ts'
import { memoryEventLog } from '../../../src/eventlog/memory/memory-event-log.ts'
import { sqliteEventLog } from '../../../src/eventlog/sqlite/sqlite-event-log.ts'

/** Runs something with a path in a fresh folder that is removed afterwards. */
export const inFolder = async (work: (path: string) => Promise<void>): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'refold-log-'))
  try {
    await work(join(folder, 'log.db'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** A clock that only the test moves; timers are those of the system. */
export const settableClock = (now: number): Clock & { set(now: number): void } => {
  let current = now
  return {
    now: () => current,
    setTimer: (delayMs, wake) => systemClock.setTimer(delayMs, wake),
    set(next) {
      current = next
    },
  }
}

export const withBothLogs = async (clock: Clock, work: (log: EventLog) => Promise<void>): Promise<void> => {
  await work(memoryEventLog({ clock }))
  await inFolder(async (path) => {
    const log = sqliteEventLog({ path, clock })
    await work(log)
    await log.close()
  })
}
