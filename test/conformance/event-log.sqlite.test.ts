import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/clock.ts'
import type { EventLog } from '../../src/eventlog/event-log.ts'
import { sqliteEventLog } from '../../src/eventlog/sqlite/sqlite-event-log.ts'
import { eventLogConformance } from './event-log.ts'

eventLogConformance('sqlite', () => {
  const directory = mkdtempSync(join(tmpdir(), 'refold-log-'))
  const openLog = (): EventLog => sqliteEventLog({ path: join(directory, 'log.db'), clock: systemClock })
  let log = openLog()
  return Promise.resolve({
    log,
    async reopen() {
      await log.close()
      return (log = openLog())
    },
    async dispose() {
      await log.close()
      rmSync(directory, { recursive: true })
    },
  })
})
