import shared from '@eventstore/db-client/generated/shared_pb.js'
import streams from '@eventstore/db-client/generated/streams_pb.js'
import empty from 'google-protobuf/google/protobuf/empty_pb.js'
import { describe, expect, test } from 'vitest'
import { idsIn, idsOf, newEvents, newStream, rejection } from '../conformance/event-log-cases.ts'
import type { EventLog } from '../../src/eventlog/event-log.ts'
import { tellingClock } from './telling-clock.ts'
import { openLog, sharedStandIn, TIMEOUT_MS, withDurableStandIn, withLog } from './with-stand-in.ts'

const standIn = sharedStandIn()

/** -1, as an unsigned number of 64 bits. */
const NO_POSITION = new shared.AllStreamPosition().setCommitPosition('18446744073709551615').setPreparePosition('18446744073709551615')

const appendTo = async (log: EventLog, count: number): Promise<{ stream: string; ids: string[] }[]> =>
  Promise.all(
    Array.from({ length: count }, async () => {
      const stream = newStream()
      const events = newEvents(2)
      await log.append(stream, 'no-stream', events)
      return { stream, ids: idsOf(events) }
    }),
  )

describe('an append to EventStoreDB', () => {
  test('that is never answered is repeated, and stored once', async () => {
    await withLog(standIn(), async (log) => {
      for (const kind of ['swallowed', 'storedSilently'] as const) {
        const stream = newStream()
        const events = newEvents(2)
        await standIn().set({ appends: { kind }, appendCount: 1 })
        expect(await log.append(stream, 'no-stream', events)).toMatchObject({ revision: 1 })
        expect(await idsIn(log, stream)).toEqual(idsOf(events))
      }
    })
  })
  test('is repeated where the conversation of all appends ends as if all were well', async () => {
    await withLog(standIn(), async (log) => {
      await standIn().set({ appends: { kind: 'streamEnded' }, appendCount: 1 })
      for (const { stream, ids } of await appendTo(log, 20)) expect(await idsIn(log, stream)).toEqual(ids)
    })
  })
  test.each([
    ['UNAVAILABLE', 14, 'connection lost'],
    ['ABORTED', 10, 'Commit phase timeout'],
    ['INTERNAL', 13, 'Received RST_STREAM with code 0'],
    ['CANCELLED', 1, 'Request canceled by server'],
    ['RESOURCE_EXHAUSTED', 8, 'another append of the conversation was too large'],
  ])('is stored once where the conversation breaks off with %s after it was stored', async (_name, code, details) => {
    await withLog(standIn(), async (log) => {
      await standIn().set({ appends: { kind: 'storedThenBroken', code, details }, appendCount: 3 })
      for (const { stream, ids } of await appendTo(log, 20)) expect(await idsIn(log, stream)).toEqual(ids)
    })
  })
  test.each(['Server Is Not Ready', 'Server Is Busy', 'No leader info'])('waits while the server says "%s"', async (message) => {
    await withLog(standIn(), async (log) => {
      await standIn().set({ appends: { kind: 'refused', message }, appendCount: 3 })
      expect(await log.append(newStream(), 'no-stream', newEvents(1))).toMatchObject({ revision: 0 })
    })
  })
  test('that is answered by nobody for too long is of unknown outcome, and the same append again settles it', async () => {
    await withLog(standIn(), async (log) => {
      const stream = newStream()
      const events = newEvents(2)
      await standIn().set({ appends: { kind: 'storedSilently' } })
      await rejection(log.append(stream, 'no-stream', events), 'OutcomeUnknown')
      await standIn().set({ appends: { kind: 'none' } })
      expect(await log.append(stream, 'no-stream', events)).toMatchObject({ revision: 1 })
      expect(await idsIn(log, stream)).toEqual(idsOf(events))
    })
  })
  test('of unknown outcome that expects any revision is not repeated, since the server may not recognise it', async () => {
    await withLog(standIn(), async (log) => {
      const stream = newStream()
      await standIn().set({ appends: { kind: 'storedSilently' }, appendCount: 1 })
      await rejection(log.append(stream, 'any', newEvents(1)), 'OutcomeUnknown')
      expect(await idsIn(log, stream)).toHaveLength(1)
    })
  })
  test('to a server that is not there is certainly not stored', async () => {
    await withDurableStandIn(async ({ standIn: lost }) => {
      await withLog(lost, async (log) => {
        await lost.kill()
        expect(await rejection(log.append(newStream(), 'no-stream', newEvents(1)), 'EventLogUnavailable')).toMatchObject({
          retryable: true,
        })
      })
    })
  })
  test('whose late answer comes after it was repeated changes nothing', async () => {
    const clock = tellingClock(TIMEOUT_MS)
    await withLog(
      standIn(),
      async (log) => {
        await standIn().set({ appends: { kind: 'answeredLate' }, appendCount: 1 })
        const stream = newStream()
        const events = newEvents(1)
        const appended = log.append(stream, 'no-stream', events)
        await clock.wentOff(1)
        expect(await appended).toMatchObject({ revision: 0 })
        await standIn().answerLate()
        expect(await idsIn(log, stream)).toEqual(idsOf(events))
      },
      { clock },
    )
  })
})

describe('an acknowledged append to EventStoreDB', () => {
  test.each([
    ['none', () => new streams.BatchAppendResp.Success().setNoPosition(new empty.Empty())],
    ['one that is none', () => new streams.BatchAppendResp.Success().setPosition(NO_POSITION)],
  ])('gets its position from the log where the acknowledgement names %s', async (_, acknowledgement) => {
    await withLog(standIn(), async (log) => {
      const stream = newStream()
      const { position } = await log.append(stream, 'no-stream', newEvents(2))
      const success = acknowledgement().setCurrentRevision('1')
      const frame = Buffer.from(new streams.BatchAppendResp().setSuccess(success).serializeBinary()).toString('base64')
      await standIn().set({ appends: { kind: 'recorded', frame }, appendCount: 1 })
      expect(await log.append(stream, 'no-stream', newEvents(2))).toEqual({ revision: 1, position })
    })
  })
})

describe('a client of EventStoreDB', () => {
  test('whose appends hang for ever is thrown away, and no writer notices more than a pause', async () => {
    await withLog(standIn(), async (log) => {
      await appendTo(log, 1)
      const { batchStreams } = await standIn().report()
      await standIn().wedge()
      for (const { stream, ids } of await appendTo(log, 30)) expect(await idsIn(log, stream)).toEqual(ids)
      for (const { stream, ids } of await appendTo(log, 30)) expect(await idsIn(log, stream)).toEqual(ids)
      expect(await standIn().report()).toMatchObject({ batchStreams: batchStreams + 1 })
    })
  })
  test('that keeps the failure of its first question to the server is thrown away', async () => {
    await withLog(standIn(), async (log) => {
      await standIn().set({ capabilities: { code: 13 } })
      await rejection(log.append(newStream(), 'no-stream', newEvents(1)), 'EventLogUnavailable')
      await standIn().set({ capabilities: 'answered' })
      expect(await log.append(newStream(), 'no-stream', newEvents(1))).toMatchObject({ revision: 0 })
    })
  })
  test.each([7, 16])('that the server does not let in, with status %i, is a matter of configuration', async (code) => {
    await withLog(standIn(), async (log) => {
      await standIn().set({ capabilities: { code } })
      await rejection(log.append(newStream(), 'no-stream', newEvents(1)), 'InvalidConfiguration')
    })
  })
  test('whose first question to the server is never answered is thrown away', async () => {
    const clock = tellingClock(TIMEOUT_MS)
    await withLog(
      standIn(),
      async (log) => {
        await standIn().set({ capabilities: 'unanswered' })
        const appended = log.append(newStream(), 'no-stream', newEvents(1))
        await clock.wentOff(1)
        await standIn().set({ capabilities: 'answered' })
        expect(await appended).toMatchObject({ revision: 0 })
      },
      { clock },
    )
  })
  test('is told to throw on conflicts, whatever the connection string says', async () => {
    await withLog({ connectionString: `${standIn().connectionString}&throwOnAppendFailure=false` }, async (log) => {
      const stream = newStream()
      await log.append(stream, 'no-stream', newEvents(3))
      expect(await rejection(log.append(stream, 0, newEvents(1)), 'EventLogConflict')).toMatchObject({ details: { actual: 2 } })
    })
  })
  test('appends for all logs of the process over one conversation, while reads and subscriptions of each have connections of their own', async () => {
    await withLog(standIn(), async (log) => {
      const before = await standIn().report()
      const second = openLog(standIn())
      await appendTo(log, 5)
      await appendTo(second, 5)
      for (const each of [log, second]) {
        for await (const item of each.subscribe({ stream: newStream() })) if (item.kind === 'caughtUp') break
        expect(await each.head()).toBeDefined()
      }
      expect(await standIn().report()).toMatchObject({ batchStreams: before.batchStreams + 1, connections: before.connections + 5 })
      await second.close()
      await appendTo(log, 1)
    })
  })
  test('appends to one server only, in one process', async () => {
    await withLog(standIn(), async () => {
      expect(() => openLog({ connectionString: 'esdb://127.0.0.1:1?tls=false' })).toThrow(/one process writes to one server/)
    })
  })
  test('sends JSON of any depth without running out of stack', async () => {
    await withLog(standIn(), async (log) => {
      for (const depth of [1_000, 100_000]) {
        const stream = newStream()
        const text = '['.repeat(depth) + ']'.repeat(depth)
        await log.append(stream, 'no-stream', [{ ...newEvents(1)[0]!, data: text, meta: text }])
        for await (const { data, meta } of log.readStream(stream)) expect([data, meta]).toEqual([text, text])
      }
    })
  })
})
