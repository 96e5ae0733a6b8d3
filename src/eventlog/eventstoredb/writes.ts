import type { Clock } from '../../clock.ts'
import { isAppError, type AppError } from '../../errors.ts'
import { type ExpectedRevision, conflict, streamDeleted, type AppendResult, type EventLog, type StreamMetadata } from '../event-log.ts'
import type { Contact } from './contact.ts'
import type { DeletionOptions, WriteOptions, DatabaseClient, ProposedEvent } from './client.ts'
import { type Judge, type Subject, outcomeUnknown, unavailable, judgeAppend, judgeDeletion } from './errors.ts'
import { type Patience, patience } from './patience.ts'
import { randomUUID } from 'node:crypto'
import { checkExpected, checkStreamName, measureAppend } from '../append.ts'
import type { Connection } from './connection.ts'
import { positionNumber, toProposed } from './events.ts'
import { isDeletion, metadataStreamOf, toMetadataEvent, toStreamMetadata } from './metadata.ts'
import type { Reads } from './reads.ts'
import { checkMetadata } from '../stream-window.ts'

const options = <Expected>(expected: Expected): WriteOptions<Expected> => ({
  expectedRevision: expected,
  streamState: expected,
  requiresLeader: true,
})

export const writeOptions = (expected: ExpectedRevision): WriteOptions =>
  expected === 'stream-exists' ? options('stream_exists') : deletionOptions(expected)

/** A deletion knows no stream-exists: look first. */
const deletionOptions = (expected: Exclude<ExpectedRevision, 'stream-exists'>): DeletionOptions => {
  if (expected === 'any') return options(expected)
  return expected === 'no-stream' ? options('no_stream') : options(BigInt(expected))
}

interface Tries {
  readonly clock: Clock
  readonly judge: Judge
  readonly contact: Contact
  /** Of one try. */
  readonly timeoutMs: number
}

/**
 * Tries a write, with identical ids and revision, until it is answered for good or patience is over.
 * Rejects with `OutcomeUnknown` where one of the tries may have been carried out, else with `EventLogUnavailable`.
 */
const persist = async <T>(
  subject: Required<Subject>,
  { clock, contact, timeoutMs, judge }: Tries,
  attempt: () => Promise<T>,
): Promise<T> => {
  const between = patience(clock, timeoutMs)
  const waiting = contact.waitFor(`write to ${subject.stream}`)
  let isInDoubt = false
  try {
    await waiting.begin()
    for (;;) {
      try {
        const result = await attempt()
        waiting.answered()
        return result
      } catch (error) {
        const verdict = judge(error, subject)
        if (verdict.kind === 'refused' && !isAppError(error)) waiting.answered()
        if (verdict.kind === 'refused')
          throw isInDoubt && !SETTLING.has(verdict.error.code) ? outcomeUnknown(subject.stream, error) : verdict.error
        isInDoubt ||= verdict.kind === 'unknown'
        const why = await waiting.failed(error)
        if (isLastTry(subject.expected, isInDoubt, between)) throw failure(subject.stream, { isInDoubt, why, cause: error })
        await between.pause()
      }
    }
  } finally {
    waiting.end()
    between.renew()
  }
}

/** These refusals say what the stream holds, and so what became of an earlier try. */
const SETTLING = new Set<AppError['code']>(['EventLogConflict', 'StreamDeleted'])

/** EventStoreDB recognises a repeated write by its revision for ever; by `any` only while its leader remembers the ids. */
const isLastTry = (expected: ExpectedRevision, isInDoubt: boolean, { isOver }: Patience): boolean =>
  isOver || (isInDoubt && (expected === 'any' || expected === 'stream-exists'))

interface Failure {
  readonly isInDoubt: boolean
  readonly why: string
  readonly cause: unknown
}

const failure = (stream: string, { isInDoubt, why, cause }: Failure): AppError =>
  isInDoubt ? outcomeUnknown(stream, cause) : unavailable(`write to ${stream}`, why, cause)

export type LogWrites = Pick<EventLog, 'append' | 'deleteStream' | 'tombstoneStream' | 'truncateStream' | 'setMetadata'>

export interface WriteParts {
  readonly appends: Pick<Connection, 'call'>
  /** For deletions, which would disturb the appends where they fail. */
  readonly others: Pick<Connection, 'call'>
  readonly reads: Reads
  readonly clock: Clock
  readonly contact: Contact
  readonly timeoutMs: number
}

type Appended = Awaited<ReturnType<DatabaseClient['appendToStream']>>

export const logWrites = (parts: WriteParts): LogWrites => ({
  async append(stream, expected, events) {
    measureAppend(stream, expected, events)
    const proposed = events.map(toProposed)
    const appended = await persist({ stream, expected }, { ...parts, judge: judgeAppend }, () => send(parts, stream, expected, proposed))
    return resultOf(parts.reads, stream, appended)
  },
  deleteStream: (stream, expected) => remove(parts, stream, expected, 'deleteStream'),
  tombstoneStream: (stream, expected) => remove(parts, stream, expected, 'tombstoneStream'),
  async truncateStream(stream, before) {
    checkStreamName(stream)
    checkMetadata(stream, { truncateBefore: before })
    const head = Number((await parts.reads.newestOf(stream))?.revision ?? 0)
    const known = toStreamMetadata(await parts.reads.metadataOf(stream))
    const truncateBefore = Math.max(Math.min(before, head), known.truncateBefore ?? 0)
    await changeMetadata(parts, stream, { ...known, truncateBefore })
  },
  async setMetadata(stream, metadata) {
    checkStreamName(stream)
    checkMetadata(stream, metadata)
    await changeMetadata(parts, stream, metadata)
  },
})

const send = ({ appends, timeoutMs }: WriteParts, stream: string, expected: ExpectedRevision, events: ProposedEvent[]): Promise<Appended> =>
  appends.call((client) => client.appendToStream(stream, events, writeOptions(expected)), timeoutMs)

/** A server may name no position, or, for an append that it recognises, one that is none; where the events are stored they have one. */
const resultOf = async (reads: Reads, stream: string, { nextExpectedRevision, position }: Appended): Promise<AppendResult> => {
  const revision = Number(nextExpectedRevision)
  if (position !== undefined && isSafe(position.commit)) return { revision, position: positionNumber(position, stream) }
  for await (const event of reads.stream(stream, { from: revision, limit: 1 })) return { revision, position: event.position }
  return { revision, position: positionNumber(position, stream) }
}

const isSafe = (position: bigint): boolean => position <= BigInt(Number.MAX_SAFE_INTEGER)

const remove = async (
  parts: WriteParts,
  stream: string,
  expected: ExpectedRevision,
  method: 'deleteStream' | 'tombstoneStream',
): Promise<void> => {
  checkStreamName(stream)
  checkExpected(expected)
  if (expected === 'stream-exists') await checkExists(parts.reads, stream)
  const options = deletionOptions(expected === 'stream-exists' ? 'any' : expected)
  let tries = 0
  try {
    await persist({ stream, expected }, { ...parts, judge: judgeDeletion }, () => {
      tries += 1
      return parts.others.call((client) => client[method](stream, options), parts.timeoutMs)
    })
  } catch (error) {
    const wasSetBefore = method === 'tombstoneStream' && tries > 1 && isAppError(error, 'StreamDeleted')
    if (!wasSetBefore) throw error
  }
}

const checkExists = async (reads: Reads, stream: string): Promise<void> => {
  try {
    await reads.newestOf(stream)
  } catch (error) {
    if (!isAppError(error, 'StreamNotFound')) throw error
    throw isDeletion(await reads.metadataOf(stream)) ? streamDeleted(stream) : conflict(stream, 'stream-exists', -1)
  }
}

/** So often others may have changed the metadata between reading and writing them. */
const MOST_CONFLICTS = 5

const changeMetadata = async (parts: WriteParts, stream: string, metadata: StreamMetadata): Promise<void> => {
  for (let conflicts = 0; ; conflicts++) {
    const before = await parts.reads.metadataOf(stream)
    const expected = before === undefined ? 'no-stream' : Number(before.revision)
    const events = [toMetadataEvent(randomUUID(), before, metadata)]
    try {
      await persist({ stream, expected }, { ...parts, judge: judgeAppend }, () => send(parts, metadataStreamOf(stream), expected, events))
      return
    } catch (error) {
      if (conflicts >= MOST_CONFLICTS || !isAppError(error, 'EventLogConflict')) throw error
    }
  }
}
