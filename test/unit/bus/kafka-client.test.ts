import { createRequire } from 'node:module'
import { describe, expect, test } from 'vitest'
import { kafkaClient } from '../../../src/bus/kafka/client.ts'
import { manualClock } from '../../support/world.ts'

interface Queue {
  pending: unknown[]
  throttleCheckTimeoutId: NodeJS.Timeout | null
  throttledUntil: number
  checkPendingRequests(): void
  destroy(): void
}

const newQueue = (): Queue => {
  const RequestQueue = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as new (options: object) => Queue
  const logger = { debug: () => undefined }
  return new RequestQueue({ maxInFlightRequests: 1, requestTimeout: 30_000, clientId: 'test', broker: 'test', logger })
}

describe('the Kafka client', () => {
  test('arms no timer while nothing waits, which it would do 1,750 times a second', () => {
    kafkaClient({ brokers: ['127.0.0.1:1'], clock: manualClock(), notify: () => undefined })
    const queue = newQueue()
    queue.checkPendingRequests()
    expect(queue.throttleCheckTimeoutId).toBeNull()
  })

  test('looks again where something waits', () => {
    kafkaClient({ brokers: ['127.0.0.1:1'], clock: manualClock(), notify: () => undefined })
    const queue = newQueue()
    queue.throttledUntil = Date.now() + 60_000
    queue.pending.push({})
    queue.checkPendingRequests()
    expect(queue.throttleCheckTimeoutId).not.toBeNull()
    queue.destroy()
  })
})
