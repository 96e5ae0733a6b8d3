import { describe, expect, test } from 'vitest'
import type { ErrorCode } from '../../src/errors.ts'
import { collect, newEvents, newStream, rejection } from '../conformance/event-log-cases.ts'
import type { EventLog } from '../../src/eventlog/event-log.ts'
import { isRecordedDataThere, recordedConversation, skipWithoutRecordings } from './recorded-data.ts'
import { sharedStandIn, withLog } from './with-stand-in.ts'

// What the adapter makes of answers that a real server gave.

const appends: [scenario: string, code: ErrorCode, details: object][] = [
  ['append-no-stream-conflict', 'EventLogConflict', { actual: 0 }],
  ['append-revision-too-high', 'EventLogConflict', { actual: 0 }],
  ['append-revision-too-low', 'EventLogConflict', { actual: 1 }],
  ['append-stream-exists-missing', 'EventLogConflict', { actual: 'no-stream' }],
  ['append-to-missing-with-revision', 'EventLogConflict', { actual: 'no-stream' }],
  ['retry-longer-batch', 'EventLogConflict', { actual: 0 }],
  ['retry-prefix-differs', 'EventLogConflict', { actual: 1 }],
  ['append-too-large', 'TooLarge', {}],
  ['bad-event-id', 'InvalidInput', {}],
  ['empty-type', 'InvalidInput', {}],
  ['tombstone-append', 'StreamDeleted', {}],
]

const reads: [scenario: string, code: ErrorCode][] = [
  ['read-missing', 'StreamNotFound'],
  ['tombstone-read', 'StreamDeleted'],
  ['read-all-invalid-position', 'InvalidInput'],
]

/** The last answer of the last append of a conversation. */
const lastAnswer = (scenario: string): string => recordedConversation(scenario).lines.findLast(({ to }) => to === 'client')?.base64 ?? ''

const lastCall = (scenario: string): { frames: string[]; trailers: Readonly<Record<string, string>> } => {
  const { lines } = recordedConversation(scenario)
  const call = lines.at(-1)?.call
  const ofCall = lines.filter((line) => line.call === call)
  return {
    frames: ofCall.flatMap(({ to, base64 }) => (to === 'client' && base64 !== undefined ? [base64] : [])),
    trailers: ofCall.at(-1)?.trailers ?? {},
  }
}

/** The recorded answer is given once: a call that was repeated on a busy machine would get another. */
const PATIENCE_MS = 20_000

describe.runIf(isRecordedDataThere)('an answer that a real server gave', () => {
  const standIn = sharedStandIn()
  const withPatientLog = (work: (log: EventLog) => Promise<void>): Promise<void> =>
    withLog(standIn(), work, { appendTimeoutMs: PATIENCE_MS })

  test.each(appends)('to the append of %s is %s', async (scenario, code, details) => {
    await withPatientLog(async (log) => {
      await standIn().set({ appends: { kind: 'recorded', frame: lastAnswer(scenario) }, appendCount: 1 })
      expect((await rejection(log.append(newStream(), 7, newEvents(1)), code)).details).toMatchObject(details)
    })
  })
  test.each(reads)('to the read of %s is %s', async (scenario, code) => {
    await withPatientLog(async (log) => {
      await standIn().set({ reads: { kind: 'recorded', call: lastCall(scenario) }, readCount: 1 })
      await rejection(collect(log.readStream(newStream())), code)
    })
  })
  test('to an append gives its revision and position', async () => {
    await withPatientLog(async (log) => {
      await standIn().set({ appends: { kind: 'recorded', frame: lastAnswer('append-three') }, appendCount: 1 })
      expect(await log.append(newStream(), 'no-stream', newEvents(3))).toEqual({ revision: 2, position: 27_626_326 })
    })
  })
  test('to a read gives its events', async () => {
    await withPatientLog(async (log) => {
      await standIn().set({ reads: { kind: 'recorded', call: lastCall('max-count') }, readCount: 1 })
      const events = await collect(log.readStream(newStream()))
      expect(events).toMatchObject([
        { revision: 1, position: 27_630_762, type: 't', data: '{"a":1}', meta: '{}', storedAt: 1_795_380_412_322 },
        { revision: 2, position: 27_630_883 },
      ])
    })
  })
})

skipWithoutRecordings('the adapter meets no answers of a real server')
