import type { Clock } from '../clock.ts'
import { isAppError, messageOf } from '../errors.ts'
import { decodeEvent, runIdOf } from '../events/codec.ts'
import type { EventLog, StoredEvent } from '../eventlog/event-log.ts'
import { runTrace, type RunTrace } from '../projections/traces/run-trace.ts'
import type { Span } from '../projections/traces/span.ts'
import { parentContext } from '../runtime/reading/run-spans.ts'

/** The spans of many runs, from their events in the order of the log. */
export interface RunTraces {
  /** What ends with this event. Rejects with what the log says. */
  readonly take: (stored: StoredEvent) => Promise<readonly Span[]>
}

export interface RunTracesOptions {
  readonly clock: Pick<Clock, 'now'>
  readonly log: Pick<EventLog, 'readStream'>
  readonly contentLength: number
  /** Told once of a run that cannot be read: nothing more of it is exported, and everything else goes on. */
  readonly unreadable: (runId: string, reason: string) => void
}

/** Runs whose open spans are remembered; another one is folded again from its stream. */
const MOST_RUNS = 10_000
const NO_PAYLOADS: ReadonlyMap<string, string> = new Map()

/** What is older may be of a run that is deleted: some logs show its events until they are cleaned up. */
const FRESH_MS = 60_000

interface Known {
  /** Null of a run that is left out. */
  readonly trace: RunTrace | null
  /** When the log was asked whether its beginning is there, ms since the epoch. */
  readonly lookedAt: number
}

export const runTraces = ({ log, clock, contentLength, unreadable }: RunTracesOptions): RunTraces => {
  /** The one used last comes last. */
  const traces = new Map<string, Known>()

  let newest = ''

  const remember = (runId: string, known: Known): void => {
    if (runId === newest && traces.get(runId) === known) return
    newest = runId
    traces.delete(runId)
    traces.set(runId, known)
    const [oldest] = traces.keys()
    if (traces.size > MOST_RUNS && oldest !== undefined) traces.delete(oldest)
  }

  /** As it was before the event. Null where its beginning is gone: it was deleted. */
  const folded = async (stored: StoredEvent): Promise<RunTrace | null> => {
    let trace: RunTrace | undefined
    try {
      if (stored.revision === 0) return await begun(stored)
      for await (const each of log.readStream(stored.stream)) {
        if (each.revision >= stored.revision) break
        if (trace === undefined && each.revision > 0) return null
        trace ??= await begun(each)
        trace.take(decodeEvent(each, NO_PAYLOADS))
      }
    } catch (error) {
      if (!isAppError(error, 'StreamNotFound') && !isAppError(error, 'StreamDeleted')) throw error
    }
    return trace ?? null
  }

  const begun = async (first: StoredEvent): Promise<RunTrace> =>
    runTrace({
      runId: runIdOf(first.stream),
      contentLength,
      parent: await parentContext(log, decodeEvent(first, NO_PAYLOADS)),
    })

  const knownOf = async (runId: string, stored: StoredEvent): Promise<Known> => {
    let known = traces.get(runId)
    // A hole: what this process has read last is not what comes before.
    if (known === undefined || (known.trace !== null && known.trace.revision() + 1 < stored.revision))
      known = { trace: await folded(stored), lookedAt: stored.revision === 0 ? 0 : clock.now() }
    if (known.trace === null) return known
    const now = clock.now()
    if (now - stored.storedAt < FRESH_MS || now - known.lookedAt < FRESH_MS) return known
    return { trace: (await hasBeginning(log, stored.stream)) ? known.trace : null, lookedAt: now }
  }

  return {
    async take(stored) {
      const runId = runIdOf(stored.stream)
      try {
        const known = await knownOf(runId, stored)
        const { trace } = known
        remember(runId, known)
        return trace === null || stored.revision <= trace.revision() ? [] : trace.take(decodeEvent(stored, NO_PAYLOADS))
      } catch (error) {
        if (isAppError(error) && error.retryable) throw error
        remember(runId, { trace: null, lookedAt: 0 })
        unreadable(runId, messageOf(error))
        return []
      }
    },
  }
}

const hasBeginning = async (log: RunTracesOptions['log'], stream: string): Promise<boolean> => {
  try {
    for await (const { revision } of log.readStream(stream, { limit: 1 })) return revision === 0
  } catch (error) {
    if (!isAppError(error, 'StreamNotFound') && !isAppError(error, 'StreamDeleted')) throw error
  }
  return false
}
