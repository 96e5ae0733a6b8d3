import { createRequire } from 'node:module'
import { describe, expect, test } from 'vitest'
import type { EventLog } from '../../src/eventlog/event-log.ts'
import type { Connect, DatabaseClient } from '../../src/eventlog/eventstoredb/client.ts'
import { collect, newEvents, newStream, rejection, revisionsOf } from '../conformance/event-log-cases.ts'
import { sharedStandIn, withLog } from './with-stand-in.ts'

const standIn = sharedStandIn()

/** As another program, or a person with the web pages of EventStoreDB, would use it. */
const withForeignClient = async (work: (client: DatabaseClient) => Promise<void>): Promise<void> => {
  const { EventStoreDBClient } = createRequire(import.meta.url)('@eventstore/db-client') as {
    EventStoreDBClient: { connectionString: Connect }
  }
  const client = EventStoreDBClient.connectionString(standIn().connectionString)
  await work(client)
  await client.dispose()
}

const newestMetadata = async (client: DatabaseClient, stream: string): Promise<unknown> => {
  const options = { fromRevision: 'end', direction: 'backwards', maxCount: 1, requiresLeader: true } as const
  for await (const { event } of client.readStream(`$$${stream}`, options)) return event?.data
  return undefined
}

const streamOf = async (log: EventLog, count: number): Promise<string> => {
  const stream = newStream()
  await log.append(stream, 'no-stream', newEvents(count))
  return stream
}

describe('metadata of a stream in EventStoreDB', () => {
  test('count an age in whole seconds, rounded up', async () => {
    await withLog(standIn(), async (log) => {
      const stream = await streamOf(log, 1)
      await log.setMetadata(stream, { maxAgeMs: 1_500, maxCount: 5 })
      expect(await log.getMetadata(stream)).toEqual({ maxAgeMs: 2_000, maxCount: 5 })
      await withForeignClient(async (client) => {
        expect(await newestMetadata(client, stream)).toEqual({ $maxAge: 2, $maxCount: 5 })
      })
    })
  })
  test('keep what others wrote there', async () => {
    await withLog(standIn(), async (log) => {
      const stream = await streamOf(log, 1)
      await withForeignClient(async (client) => {
        const data = { $acl: { $r: 'ops' }, owner: 'ops', $maxCount: 7 }
        const event = {
          id: crypto.randomUUID(),
          type: '$metadata',
          contentType: 'application/json',
          data,
          metadata: new Uint8Array(),
        } as const
        await client.appendToStream(`$$${stream}`, [event], { expectedRevision: 'any', streamState: 'any', requiresLeader: true })
        await log.setMetadata(stream, { truncateBefore: 1 })
        expect(await newestMetadata(client, stream)).toEqual({ $acl: { $r: 'ops' }, owner: 'ops', $tb: 1 })
      })
    })
  })
  test('leave a deleted stream deleted, and its revisions go on', async () => {
    await withLog(standIn(), async (log) => {
      const stream = await streamOf(log, 3)
      await log.deleteStream(stream, 2)
      expect(await log.getMetadata(stream)).toEqual({})
      await log.setMetadata(stream, { maxCount: 5 })
      await rejection(collect(log.readStream(stream)), 'StreamNotFound')
      await log.append(stream, 'no-stream', newEvents(1))
      expect(revisionsOf(await collect(log.readStream(stream)))).toEqual([3])
      expect(await log.getMetadata(stream)).toEqual({ maxCount: 5, truncateBefore: 3 })
    })
  })
  test('of a stream with a tombstone can be neither read nor written', async () => {
    await withLog(standIn(), async (log) => {
      const stream = await streamOf(log, 1)
      await log.tombstoneStream(stream, 'stream-exists')
      await rejection(log.getMetadata(stream), 'StreamDeleted')
      await rejection(log.setMetadata(stream, {}), 'StreamDeleted')
    })
  })
  test('changed by two at once are one or the other, never a conflict', async () => {
    await withLog(standIn(), async (log) => {
      const stream = await streamOf(log, 1)
      await Promise.all([1, 2, 3].map((maxCount) => log.setMetadata(stream, { maxCount })))
      expect([1, 2, 3]).toContain((await log.getMetadata(stream)).maxCount)
    })
  })
})

describe('a deletion in EventStoreDB', () => {
  test('may expect no more than that the stream exists', async () => {
    await withLog(standIn(), async (log) => {
      const stream = await streamOf(log, 2)
      await rejection(log.deleteStream(newStream(), 'stream-exists'), 'EventLogConflict')
      await log.deleteStream(stream, 'stream-exists')
      await rejection(log.deleteStream(stream, 'stream-exists'), 'StreamDeleted')
    })
  })
})

describe('events in EventStoreDB', () => {
  test('that others wrote are read too, without the events of the server itself', async () => {
    await withLog(standIn(), async (log) => {
      const stream = newStream()
      await withForeignClient(async (client) => {
        const write = (contentType: 'application/json' | 'application/octet-stream', data: unknown): Promise<unknown> => {
          const event = { id: crypto.randomUUID(), type: 'Foreign', contentType, data, metadata: new Uint8Array() }
          return client.appendToStream(stream, [event], { expectedRevision: 'any', streamState: 'any', requiresLeader: true })
        }
        await write('application/json', { b: 1, a: [2] })
        await write('application/octet-stream', new TextEncoder().encode(' 1 '))
      })
      await log.setMetadata(stream, { maxCount: 10 })
      const events = await collect(log.readStream(stream))
      expect(events.map(({ data, meta }) => [data, meta])).toEqual([
        ['{"b":1,"a":[2]}', '{}'],
        [' 1 ', '{}'],
      ])
      expect(await collect(log.readAll({ direction: 'backwards', limit: 1 }))).toMatchObject([{ stream, revision: 1 }])
    })
  })
})
