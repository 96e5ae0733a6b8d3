import { systemClock } from '../../src/clock.ts'
import { memoryEventLog } from '../../src/eventlog/event-log.memory.ts'
import { eventLogConformance } from './event-log.ts'

eventLogConformance('memory', () => {
  const log = memoryEventLog({ clock: systemClock })
  return Promise.resolve({ log, reopen: () => Promise.resolve(log), dispose: () => log.close() })
})
