import type { Clock } from '../clock.ts'
import { isAppError, type ErrorCode } from '../errors.ts'
import type { EventLog, StoredEvent } from './event-log.ts'

/** One call of the log that has come to its end; of a read, to its first event. */
export interface LogCall {
  readonly call: 'append' | 'readStream' | 'readAll' | 'head'
  readonly outcome: 'ok' | ErrorCode | 'InternalError'
  readonly seconds: number
}

/** The same log, which tells how long its calls take, with all that is tried again below them. */
export const timedLog = (log: EventLog, clock: Clock, tell: (call: LogCall) => void): EventLog => {
  const begin = (call: LogCall['call']) => {
    const beganAt = clock.now()
    let isTold = false
    return (outcome: LogCall['outcome']): void => {
      if (!isTold) tell({ call, outcome, seconds: Math.max(0, clock.now() - beganAt) / 1_000 })
      isTold = true
    }
  }
  const timed = async <Result>(call: LogCall['call'], ask: () => Promise<Result>): Promise<Result> => {
    const ended = begin(call)
    try {
      const result = await ask()
      ended('ok')
      return result
    } catch (error) {
      ended(outcomeOf(error))
      throw error
    }
  }
  async function* timedRead(call: LogCall['call'], read: () => AsyncIterable<StoredEvent>): AsyncGenerator<StoredEvent> {
    const ended = begin(call)
    try {
      for await (const event of read()) {
        ended('ok')
        yield event
      }
      ended('ok')
    } catch (error) {
      ended(outcomeOf(error))
      throw error
    }
  }
  return {
    ...log,
    append: (stream, expected, events) => timed('append', () => log.append(stream, expected, events)),
    readStream: (stream, options) => timedRead('readStream', () => log.readStream(stream, options)),
    readAll: (options) => timedRead('readAll', () => log.readAll(options)),
    head: () => timed('head', () => log.head()),
  }
}

const outcomeOf = (error: unknown): LogCall['outcome'] => (isAppError(error) ? error.code : 'InternalError')
