import { systemClock } from '../../src/clock.ts'
import { memoryEventLog } from '../../src/eventlog/memory/memory-event-log.ts'
import { eventLogConformance } from './event-log.ts'

eventLogConformance('memory', () => {
  const log = memoryEventLog({ clock: systemClock })
  return Promise.resolve({ log, reopen: () => Promise.resolve(log), dispose: () => log.close() })
})
