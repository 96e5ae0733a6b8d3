import type { IHeaders, KafkaMessage } from 'kafkajs'
import type { DeliveredMessage } from '../bus.ts'

export const fromKafka = (topic: string, partition: number, message: KafkaMessage): DeliveredMessage => ({
  topic,
  partition,
  offset: Number(message.offset),
  storedAt: Number(message.timestamp),
  key: message.key?.toString() ?? '',
  value: message.value?.toString() ?? null,
  headers: headersOf(message.headers),
})

/** Of a header that stands there several times, the last. */
const headersOf = (headers: IHeaders | undefined): Record<string, string> => {
  const texts: Record<string, string> = {}
  for (const name in headers) {
    const value = headers[name]
    const last = Array.isArray(value) ? value.at(-1) : value
    texts[name] = last?.toString() ?? ''
  }
  return texts
}
