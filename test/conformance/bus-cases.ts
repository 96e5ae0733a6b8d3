import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import type { Batch, Bus, BusMessage, BusNotice, DeliveredMessage, Restart, TopicSpec } from '../../src/bus/bus.ts'
import type { ErrorCode } from '../../src/errors.ts'

/** A bus under test. A broker may hold the topics of other tests too, so each case makes its own. */
export interface BusUnderTest {
  readonly bus: Bus
  /** What the bus has said by itself. */
  readonly notices: readonly BusNotice[]
  /** The same bus, as another process sees it; for one that lives in one process, itself. */
  another(): Promise<Bus>
  dispose(): Promise<void>
}

export type OpenBus = () => Promise<BusUnderTest>

const DAY_MS = 24 * 60 * 60_000

export const newTopic = (change: Partial<TopicSpec> = {}): TopicSpec => ({
  topic: `case-${randomUUID()}`,
  partitions: 1,
  keeps: DAY_MS,
  maxMessageBytes: 100_000,
  ...change,
})

export const madeTopic = async (bus: Bus, change: Partial<TopicSpec> = {}): Promise<string> => {
  const spec = newTopic(change)
  await bus.ensureTopics([spec])
  return spec.topic
}

export const newGroup = (): string => `group-${randomUUID()}`

export const newMessage = (key: string, value: string | null = 'text', headers: Record<string, string> = {}): BusMessage => ({
  key,
  value,
  headers,
})

/** `key:0`, `key:1` … */
export const numbered = (key: string, count: number, from = 0): BusMessage[] =>
  Array.from({ length: count }, (_, index) => newMessage(key, `${key}:${from + index}`))

export const publish = async (bus: Bus, topic: string, messages: readonly BusMessage[]): Promise<void> => {
  const publisher = await bus.openPublisher()
  await publisher.publish([{ topic, messages }])
  await publisher.close()
}

export const readAll = async (bus: Bus, topic: string): Promise<DeliveredMessage[]> => {
  const found: DeliveredMessage[] = []
  for await (const message of bus.read(topic)) found.push(message)
  return found
}

export const valuesOf = (messages: readonly BusMessage[]): (string | null)[] => messages.map(({ value }) => value)

export interface Collector {
  readonly messages: readonly DeliveredMessage[]
  readonly handle: (batch: Batch) => Promise<Restart | undefined>
  /** Resolves once so many have come; at once where they are there. */
  readonly reached: (count: number) => Promise<readonly DeliveredMessage[]>
}

export const collector = (first: (batch: Batch) => Promise<Restart | undefined> = () => Promise.resolve(undefined)): Collector => {
  const messages: DeliveredMessage[] = []
  const waiting: { readonly count: number; readonly resolve: (found: readonly DeliveredMessage[]) => void }[] = []
  const tell = (): void => {
    for (const { count, resolve } of waiting) if (messages.length >= count) resolve(messages)
  }
  return {
    messages,
    async handle(batch) {
      const restart = await first(batch)
      if (restart === undefined) messages.push(...batch.messages)
      tell()
      return restart
    },
    reached: (count) =>
      new Promise((resolve) => {
        waiting.push({ count, resolve })
        tell()
      }),
  }
}

export const rejection = async (promise: Promise<unknown>, code: ErrorCode): Promise<void> => {
  await expect(promise).rejects.toMatchObject({ name: 'AppError', code })
}

/** Values of each key, in the order they came in. */
export const byKey = (messages: readonly DeliveredMessage[]): Record<string, (string | null)[]> => {
  const found: Record<string, (string | null)[]> = {}
  for (const { key, value } of messages) (found[key] ??= []).push(value)
  return found
}
