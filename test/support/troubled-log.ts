import { AppError } from '../../src/errors.ts'
import type { EventLog, NewEvent, StoredEvent } from '../../src/eventlog/event-log.ts'

/** What happens to one call: before it, instead of it, or after it. */
export interface Trouble {
  /** Throw to refuse the append; what is returned runs once it is stored, and may throw too. */
  readonly onAppend?: (stream: string, events: readonly NewEvent[]) => (() => unknown) | undefined
  /** Throw to refuse the read. */
  readonly onRead?: (stream: string) => void
}

/** A log on which a test decides what goes wrong. */
export const troubledLog = (log: EventLog, { onAppend, onRead }: Trouble): EventLog => ({
  ...log,
  async append(stream, expected, events) {
    const afterwards = onAppend?.(stream, events)
    const result = await log.append(stream, expected, events)
    await afterwards?.()
    return result
  },
  async *readStream(stream, options): AsyncGenerator<StoredEvent> {
    onRead?.(stream)
    yield* log.readStream(stream, options)
  },
})

export const unavailable = (): AppError => new AppError('EventLogUnavailable', 'the log is away', { retryable: true })

export const outcomeUnknown = (): AppError => new AppError('OutcomeUnknown', 'no answer from the log', { retryable: true })
