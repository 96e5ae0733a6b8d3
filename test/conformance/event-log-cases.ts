import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import type { ErrorCode } from '../../src/errors.ts'
import type { EventLog, NewEvent, StoredEvent, SubscribeOptions, SubscriptionItem } from '../../src/eventlog/event-log.ts'

/** A log under test. A store may hold the events of other tests too, so no case assumes that it is empty. */
export interface LogUnderTest {
  readonly log: EventLog
  /** Closes the log, if it is one that outlives its process, and opens the same store again. */
  reopen(): Promise<EventLog>
  dispose(): Promise<void>
}

/** What a log may do beyond the port. */
export interface Capabilities {
  /** A read may begin between two events; EventStoreDB takes only the positions of events. */
  readonly readsFromAnyPosition: boolean
}

export type OpenLog = () => Promise<LogUnderTest>

export const newStream = (): string => `case-${randomUUID()}`

export const newEvent = (data: unknown = { n: 1 }, type = 'OrderPlaced'): NewEvent => ({
  id: randomUUID(),
  type,
  data: JSON.stringify(data),
  meta: '{}',
})

export const newEvents = (count: number, type?: string): NewEvent[] => Array.from({ length: count }, (_, n) => newEvent({ n }, type))

export const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const collected: T[] = []
  for await (const item of items) collected.push(item)
  return collected
}

export const idsOf = (events: readonly NewEvent[]): string[] => events.map((event) => event.id)

export const revisionsOf = (events: readonly StoredEvent[]): number[] => events.map((event) => event.revision)

export const idsIn = async (log: EventLog, stream: string): Promise<string[]> => idsOf(await collect(log.readStream(stream)))

export const rejection = async (
  promise: Promise<unknown>,
  code: ErrorCode,
): Promise<{ readonly details: Readonly<Record<string, unknown>> }> => {
  const outcome: unknown = await promise.then(
    (value) => ({ code: 'none', resolvedTo: value }),
    (error: unknown) => error,
  )
  expect(outcome).toMatchObject({ name: 'AppError', code })
  return outcome as { readonly details: Readonly<Record<string, unknown>> }
}

/** Reads on until the predicate holds, then ends the subscription. */
export const follow = async (
  log: EventLog,
  options: SubscribeOptions,
  isEnough: (events: readonly StoredEvent[], item: SubscriptionItem) => boolean,
): Promise<StoredEvent[]> => {
  const events: StoredEvent[] = []
  for await (const item of log.subscribe(options)) {
    if (item.kind === 'event') events.push(item.event)
    if (isEnough(events, item)) return events
  }
  return events
}

export const backlog = (log: EventLog, options: SubscribeOptions): Promise<StoredEvent[]> =>
  follow(log, options, (_, item) => item.kind === 'caughtUp')

/** A subscription to new streams of this name. From the first event on it would go through all that the store holds. */
export const fromNow = async (log: EventLog, streamPrefix: string): Promise<SubscribeOptions> => {
  const after = await log.head()
  return { ...(after === undefined ? {} : { after }), filter: { streamPrefix } }
}
