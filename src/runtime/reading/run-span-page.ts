import { setImmediate as nextTurn } from 'node:timers/promises'
import type { EventLog } from '../../eventlog/event-log.ts'
import { decodeEvent, streamOf } from '../../events/codec.ts'
import { deletionEventTypes } from '../../events/run-events.ts'
import { runTrace, type RunTrace } from '../../projections/traces/run-trace.ts'
import type { Span } from '../../projections/traces/span.ts'
import { deleted } from './run-reader.ts'
import { parentContext } from './run-spans.ts'

/** Spans of one run, without what was said. */
export interface SpanPage {
  /** In the order in which they ended. */
  readonly ended: readonly Span[]
  /** Those that have not ended by the newest event; none where there are more pages. */
  readonly open: readonly Span[]
  /** Of the newest event that was looked at. */
  readonly revision: number
  /** Where the next page begins; null where this is the last one by now. */
  readonly next: number | null
}

const NO_PAYLOADS: ReadonlyMap<string, string> = new Map()
/** Then others have a turn. */
const EVENTS_AT_ONCE = 200

/** Spans that ended at `from` or later: so many at least, with all that ended with the last of them. Of a run that is there. Rejects with `RunDeleted`. */
export const readSpanPage = async (
  { log }: { readonly log: EventLog },
  runId: string,
  { from, limit }: { readonly from: number; readonly limit: number },
): Promise<SpanPage> => {
  const ended: Span[] = []
  let trace: RunTrace | undefined
  for await (const stored of log.readStream(streamOf(runId))) {
    if (deletionEventTypes.has(stored.type)) throw await deleted({ log }, runId)
    if (ended.length >= limit) return { ended, open: [], revision: stored.revision - 1, next: stored.revision }
    const event = decodeEvent(stored, NO_PAYLOADS)
    trace ??= runTrace({ runId, parent: await parentContext(log, event) })
    const spans = trace.take(event)
    if (event.revision >= from) ended.push(...spans)
    if (event.revision % EVENTS_AT_ONCE === 0) await nextTurn()
  }
  return { ended, open: trace?.open() ?? [], revision: trace?.revision() ?? -1, next: null }
}
