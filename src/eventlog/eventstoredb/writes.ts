import type { Clock } from '../../clock.ts'
import { isAppError, type AppError } from '../../errors.ts'
import type { ExpectedRevision } from '../event-log.ts'
import type { Contact } from './contact.ts'
import type { DeletionOptions, WriteOptions } from './client.ts'
import type { Judge, Subject } from './errors.ts'
import { outcomeUnknown, unavailable } from './errors.ts'
import type { Patience } from './patience.ts'
import { patience } from './patience.ts'

const options = <Expected>(expected: Expected): WriteOptions<Expected> => ({
  expectedRevision: expected,
  streamState: expected,
  requiresLeader: true,
})

export const writeOptions = (expected: ExpectedRevision): WriteOptions =>
  expected === 'stream-exists' ? options('stream_exists') : deletionOptions(expected)

/** A deletion knows no stream-exists: look first. */
export const deletionOptions = (expected: Exclude<ExpectedRevision, 'stream-exists'>): DeletionOptions => {
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
export const persist = async <T>(
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
