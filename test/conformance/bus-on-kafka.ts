import { afterAll, describe, test } from 'vitest'
import type { Bus } from '../../src/bus/bus.ts'
import { openKafkaBus, type TestKafka } from '../kafka/test-kafka.ts'
import { busConformance } from './bus.ts'

export const busOnKafka = (name: string, kafka: TestKafka | undefined): void => {
  afterAll(() => kafka?.stop())
  if (kafka === undefined) {
    describe(`the ${name} bus`, () => {
      test.skip('needs a broker: see the closing lines')
    })
    return
  }
  busConformance(name, () => {
    const opened = openKafkaBus(kafka)
    const buses: Bus[] = [opened.bus]
    const another = (): Promise<Bus> => {
      const { bus } = openKafkaBus(kafka)
      buses.push(bus)
      return Promise.resolve(bus)
    }
    const dispose = async (): Promise<void> => {
      await Promise.all(buses.map((bus) => bus.close()))
    }
    return Promise.resolve({ ...opened, another, dispose })
  })
}
