import type { Bus, BusNotice } from './bus/bus.ts'
import { systemClock } from './clock.ts'
import { readEnvironment } from './config.ts'

/** The bus that REFOLD_KAFKA names, or undefined where it names none. */
export const openBus = async (notify: (notice: BusNotice) => void): Promise<Bus | undefined> => {
  const { REFOLD_KAFKA: brokers } = readEnvironment()
  if (brokers === undefined) return undefined
  // Only here, so that a process without a bus does not load its client.
  const { kafkaBus } = await import('./bus/bus.kafka.ts')
  return kafkaBus({ brokers: brokers.split(','), clock: systemClock, notify })
}
