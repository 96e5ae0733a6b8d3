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
  readonly log: Pick<EventLog, 'readStream'>
  readonly contentLength: number
  /** Told once of a run that cannot be read: nothing more of it is exported, and everything else goes on. */
  readonly unreadable: (runId: string, reason: string) => void
}

/** Runs whose open spans are remembered; another one is folded again from its stream. */
const MOST_RUNS = 10_000
const NO_PAYLOADS: ReadonlyMap<string, string> = new Map()

export const runTraces = ({ log, contentLength, unreadable }: RunTracesOptions): RunTraces => {
  /** The one used last comes last; null of a run that is left out. */
  const traces = new Map<string, RunTrace | null>()

  const remember = (runId: string, trace: RunTrace | null): void => {
    traces.delete(runId)
    traces.set(runId, trace)
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

  return {
    async take(stored) {
      const runId = runIdOf(stored.stream)
      try {
        let trace = traces.get(runId)
        // A hole: what this process has read last is not what comes before.
        if (trace === undefined || (trace !== null && trace.revision() + 1 < stored.revision)) trace = await folded(stored)
        remember(runId, trace)
        return trace === null || stored.revision <= trace.revision() ? [] : trace.take(decodeEvent(stored, NO_PAYLOADS))
      } catch (error) {
        if (isAppError(error) && error.retryable) throw error
        remember(runId, null)
        unreadable(runId, messageOf(error))
        return []
      }
    },
  }
}
