import { describe, expect, test } from 'vitest'
import type { ErrorCode } from '../../src/errors.ts'
import { collect, idsIn, idsOf, newEvent, newEvents, newStream, rejection } from '../conformance/event-log-cases.ts'
import { sharedStandIn, withLog } from './with-stand-in.ts'

const standIn = sharedStandIn()

const LARGE = 'x'.repeat(20_000)

// A busy machine may answer too late for "at once".
describe('an event above what an operator of KurrentDB allows', { retry: 2 }, () => {
  test('is too large at once, in the words of the server, and nothing is written', async () => {
    await withLog(standIn(), async (log) => {
      await standIn().set({ version: '26.1.0', mostEventBytes: 10_000 })
      const stream = newStream()
      const { appends } = await standIn().report()
      const refused = await rejection(log.append(stream, 'no-stream', [newEvent('small'), newEvent(LARGE)]), 'TooLarge')
      expect(refused).toMatchObject({ message: expect.stringContaining('MaximumAppendEventSizeExceeded') as string, retryable: false })
      expect((await standIn().report()).appends).toBe(appends + 1)
      await rejection(collect(log.readStream(stream)), 'StreamNotFound')
      expect(await log.append(stream, 'no-stream', [newEvent('small')])).toMatchObject({ revision: 0 })
    })
  })
  test('costs the appends of others neither their client nor a pause, however often it is tried', async () => {
    await withLog(standIn(), async (log) => {
      await standIn().set({ version: '26.1.0', mostEventBytes: 10_000 })
      await log.append(newStream(), 'no-stream', newEvents(1))
      const { batchStreams } = await standIn().report()
      // Longer than a new client is given to find its node.
      const until = performance.now() + 1_200
      while (performance.now() < until) await rejection(log.append(newStream(), 'no-stream', [newEvent(LARGE)]), 'TooLarge')
      await log.append(newStream(), 'no-stream', newEvents(1))
      expect(await standIn().report()).toMatchObject({ batchStreams })
    })
  })
})

describe('a "no" to an append that the client has no name for', () => {
  test.each<[answer: string, code: ErrorCode, words?: string]>([
    ['MaximumAppendEventSizeExceeded', 'TooLarge'],
    ['AppendRecordSizeExceeded', 'TooLarge'],
    ['MetadataTooLarge', 'TooLarge'],
    ['StreamQuotaExceeded', 'InvalidInput'],
    ['StreamNameInvalid', 'InvalidInput'],
    ['SchemaNotFound', 'InvalidInput'],
    ['RecordSchemaMismatch', 'InvalidInput'],
    ['AppendConsistencyViolation', 'InvalidInput'],
    ['StreamIsReadOnly', 'InvalidInput'],
    ['WriteAccessDenied', 'InvalidConfiguration', 'as $w in the $acl of its metadata'],
  ])('%s is %s at once, in those words or with the remedy', async (message, code, words = message) => {
    await withLog(standIn(), async (log) => {
      await standIn().set({ appends: { kind: 'refused', message } })
      const { appends } = await standIn().report()
      const refused = await rejection(log.append(newStream(), 'no-stream', newEvents(1)), code)
      expect(refused).toMatchObject({ message: expect.stringContaining(words) as string })
      expect((await standIn().report()).appends).toBe(appends + 1)
    })
  })
  test.each([
    'ReplicationTimeout',
    'DeadlineExceeded',
    'CommitPending',
    'InternalError',
    'AppendFailed',
    'RequestCancelled',
    'SomethingElse',
    'Envelope callback expected either WriteEventsCompleted or NotHandled, received BadRequest instead.',
    'the disk is full, which is not allowed',
  ])('is none where it leaves open what became of the append: %s', async (message) => {
    await withLog(standIn(), async (log) => {
      await standIn().set({ appends: { kind: 'refused', message } })
      await rejection(log.append(newStream(), 'any', newEvents(1)), 'OutcomeUnknown')
    })
  })
  test('to a repetition says nothing of the try before it', async () => {
    await withLog(standIn(), async (log) => {
      const stream = newStream()
      const events = newEvents(1)
      await standIn().set({ appends: { kind: 'storedSilently' }, appendCount: 1 })
      const { appends } = await standIn().report()
      const appended = log.append(stream, 'no-stream', events)
      await standIn().arrived(appends + 1)
      await standIn().set({ appends: { kind: 'refused', message: 'MaximumAppendEventSizeExceeded' } })
      await rejection(appended, 'OutcomeUnknown')
      expect(await idsIn(log, stream)).toEqual(idsOf(events))
    })
  })
})

describe('what ends the conversation of all appends', () => {
  const leaderElsewhere = (): Record<string, string> => ({
    exception: 'not-leader',
    'leader-endpoint-host': '127.0.0.1',
    'leader-endpoint-port': String(standIn().port),
  })
  test.each<[name: string, code: number, details: string, facts: () => Record<string, string>]>([
    ['INVALID_ARGUMENT', 3, 'BadRequest', () => ({})],
    ['ALREADY_EXISTS', 6, 'WrongExpectedVersion', () => ({})],
    ['FAILED_PRECONDITION', 9, 'Could not recognize StreamIsReadOnly', () => ({})],
    ['a change of the leader', 5, 'Leader info available', leaderElsewhere],
    [
      'the size of another append',
      3,
      'Maximum Append Size of 1048576 Exceeded.',
      () => ({ exception: 'maximum-append-size-exceeded', 'maximum-append-size': '1048576' }),
    ],
  ])('is no answer to each of them: %s', async (_name, code, details, facts) => {
    await withLog(standIn(), async (log) => {
      const fault = { kind: 'storedThenBroken', code, details, facts: facts() } as const
      const stream = newStream()
      const events = newEvents(1)
      await standIn().set({ appends: fault, appendCount: 1 })
      expect(await log.append(stream, 'no-stream', events)).toMatchObject({ revision: 0 })
      expect(await idsIn(log, stream)).toEqual(idsOf(events))
      await standIn().set({ appends: fault, appendCount: 1 })
      await rejection(log.append(stream, 'any', newEvents(1)), 'OutcomeUnknown')
      expect(await idsIn(log, stream)).toHaveLength(2)
    })
  })
})

describe('a stream that was deleted and is written again', () => {
  test.each([8, 50])('is found by whoever reads after the append, though the server finds it only %i ms later', async (reopeningMs) => {
    await withLog(standIn(), async (log) => {
      await standIn().set({ reopeningMs })
      const stream = newStream()
      for (let revision = 0; revision < 3; revision++) {
        const [event] = newEvents(1) as [ReturnType<typeof newEvent>]
        await log.append(stream, 'any', [event])
        expect(await idsIn(log, stream)).toEqual([event.id])
        expect(await collect(log.readStream(stream, { direction: 'backwards', limit: 1 }))).toMatchObject([{ revision, id: event.id }])
        await log.deleteStream(stream, revision)
      }
      await rejection(collect(log.readStream(stream)), 'StreamNotFound')
    })
  })
  test('can be truncated and deleted at once', async () => {
    await withLog(standIn(), async (log) => {
      await standIn().set({ reopeningMs: 30 })
      const stream = newStream()
      await log.append(stream, 'no-stream', newEvents(2))
      await log.deleteStream(stream, 1)
      await log.append(stream, 1, newEvents(3))
      await log.truncateStream(stream, 4)
      expect(await collect(log.readStream(stream))).toMatchObject([{ revision: 4 }])
      await log.deleteStream(stream, 'stream-exists')
      await rejection(collect(log.readStream(stream)), 'StreamNotFound')
    })
  })
})
