import type { BusNotice } from '../../src/bus/bus.ts'
import { memoryBus } from '../../src/bus/memory/memory-bus.ts'
import { systemClock } from '../../src/clock.ts'
import { busConformance } from './bus.ts'

busConformance('memory', () => {
  const notices: BusNotice[] = []
  const bus = memoryBus({ clock: systemClock, notify: (notice) => notices.push(notice) })
  return Promise.resolve({ bus, notices, another: () => Promise.resolve(bus), dispose: () => bus.close() })
})
