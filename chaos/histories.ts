import type { EventLog, StoredEvent } from '../src/eventlog/event-log.ts'
import { RUN_STREAM_PREFIX, runIdOf } from '../src/events/codec.ts'
import { finalEventTypes } from '../src/events/run-events.ts'

/** What the log holds, run by run. It is read on, never again. */
export interface Histories {
  readOn(): Promise<void>
  of(runId: string): readonly StoredEvent[]
  /** Of all runs, in the order in which they began. */
  runIds(): readonly string[]
  /** Of all events, ms since the epoch, in the order of the log. */
  storedTimes(): readonly number[]
}

export const logHistories = (log: EventLog): Histories => {
  const runs = new Map<string, StoredEvent[]>()
  let position: number | undefined
  const times: number[] = []
  return {
    async readOn() {
      for await (const event of log.readAll({
        filter: { streamPrefix: RUN_STREAM_PREFIX },
        ...(position === undefined ? {} : { from: position }),
      })) {
        if (event.position === position) continue
        position = event.position
        times.push(event.storedAt)
        const runId = runIdOf(event.stream)
        const history = runs.get(runId) ?? []
        runs.set(runId, history)
        history.push(event)
      }
    },
    of: (runId) => runs.get(runId) ?? [],
    runIds: () => [...runs.keys()],
    storedTimes: () => times,
  }
}

export const hasEnded = (history: readonly StoredEvent[]): boolean => finalEventTypes.has(history.at(-1)?.type ?? '')
