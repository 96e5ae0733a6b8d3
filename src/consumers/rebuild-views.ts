import { AppError } from '../errors.ts'
import type { EventLog, StoredEvent } from '../eventlog/event-log.ts'
import { RUN_STREAM_PREFIX } from '../events/codec.ts'
import { nextTurn, eventBatches } from './batches.ts'
import { foldOnto } from './fold-views.ts'
import type { ViewStore } from '../views/view-store.ts'
import { identify } from './log-identity.ts'

export interface RebuildParts {
  readonly log: EventLog
  readonly views: Pick<ViewStore, 'beginRebuild'>
  /** The topic that feeds the view beside the log, if any: where it ends is asked before the log is read. */
  readonly topic?: { readonly name: string; ends(): Promise<ReadonlyMap<number, number>> }
  /** After each batch. */
  readonly progress?: (events: number) => void
  readonly signal?: AbortSignal
}

/** A batch is one transaction, and the larger it is the fewer rows are written twice. */
const BATCH_EVENTS = 2_000
const RUNS = { streamPrefix: RUN_STREAM_PREFIX }

/**
 * Folds the whole log anew where nobody looks, while the view is read and written, and puts the result in its place in one step.
 * Resolves to the number of events. Rejects with what log and view say, and with `Closed` at the signal; then the view is as it was.
 */
export const rebuildViews = async ({ log, views, topic, progress, signal }: RebuildParts): Promise<number> => {
  // Whatever lies before these offsets is in the log by now.
  const fed = topic === undefined ? undefined : { name: topic.name, offsets: await topic.ends() }
  const shadow = await views.beginRebuild()
  try {
    let events = 0
    // Before the log is read, since what comes meanwhile may not be in what is read.
    let position = await log.head()
    const apply = async (batch: readonly StoredEvent[]): Promise<void> => {
      if (signal?.aborted === true) throw new AppError('Closed', 'the rebuild was given up')
      await shadow.put(await foldOnto(shadow, batch))
      events += batch.length
      position = Math.max(position ?? 0, batch.at(-1)?.position ?? 0)
      progress?.(events)
      await nextTurn()
    }
    for await (const batch of eventBatches(log.readAll({ filter: RUNS }), BATCH_EVENTS)) await apply(batch)
    const checkpoint = position === undefined ? undefined : { log: (await identify(log)).id, position }
    await shadow.finish({ checkpoint, ...(fed === undefined ? {} : { topic: fed }) })
    return events
  } catch (error) {
    await shadow.discard().catch(() => undefined)
    throw error
  }
}
