// A process with an event log in EventStoreDB, which does what it is told until it is ended. Started by process-survival.test.ts.
import { createRequire } from 'node:module'
import { systemClock } from '../../src/clock.ts'
import { messageOf } from '../../src/errors.ts'
import { eventStoreDbEventLog } from '../../src/eventlog/eventstoredb/eventstoredb-event-log.ts'
import type { NewEvent } from '../../src/eventlog/event-log.ts'
import type { Connect } from '../../src/eventlog/eventstoredb/client.ts'

export type Order =
  | { readonly do: 'append'; readonly appends: number; readonly bytes: number }
  /** With a client of its own, named `foreign`, as another part of the process may have one. */
  | { readonly do: 'appendWithForeignClient' }
  | { readonly do: 'listenForRejections' }
  | { readonly do: 'rejectWithoutHandler' }

const [connectionString = '', timeoutMs = ''] = process.argv.slice(2)
const log = eventStoreDbEventLog({ connectionString, clock: systemClock, appendTimeoutMs: Number(timeoutMs) })
const { EventStoreDBClient } = createRequire(import.meta.url)('@eventstore/db-client') as {
  EventStoreDBClient: { connectionString: Connect }
}
const foreign = EventStoreDBClient.connectionString(`${connectionString}&connectionName=foreign`)

const newEvent = (bytes: number): NewEvent => ({
  id: crypto.randomUUID(),
  type: 'OrderPlaced',
  data: JSON.stringify('x'.repeat(bytes)),
  meta: '{}',
})

const appendOnce = async (bytes: number): Promise<void> => {
  await log.append(`survivor-${crypto.randomUUID()}`, 'no-stream', [newEvent(bytes)])
}

const appendWithForeignClient = async (): Promise<void> => {
  const { id, type } = newEvent(1)
  const event = { id, type, contentType: 'application/json', data: {}, metadata: new Uint8Array() } as const
  await foreign.appendToStream(`foreign-${id}`, [event], { expectedRevision: 'any', streamState: 'any', requiresLeader: true })
}

const heard: string[] = []

const obey = async (order: Order): Promise<unknown> => {
  switch (order.do) {
    case 'append':
      await Promise.all(Array.from({ length: order.appends }, () => appendOnce(order.bytes)))
      return 'appended'
    case 'appendWithForeignClient':
      await appendWithForeignClient()
      return 'appended'
    case 'listenForRejections':
      process.on('unhandledRejection', (reason) => heard.push(messageOf(reason)))
      return heard
    case 'rejectWithoutHandler':
      void Promise.reject(new Error('not ours'))
      // Node looks for unhandled rejections before it runs what was put off till now.
      await new Promise((resolve) => setImmediate(resolve))
      return heard
  }
}

process.on('message', ({ id, order }: { id: number; order: Order }) => {
  obey(order).then(
    (answer) => process.send?.({ id, answer }),
    (error: unknown) => process.send?.({ id, answer: messageOf(error) }),
  )
})
process.on('disconnect', () => process.exit())
