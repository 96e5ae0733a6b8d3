import type { EventLog, StoredEvent } from '../eventlog/event-log.ts'
import { RUN_STREAM_PREFIX } from '../events/codec.ts'
import type { Checkpoint, ViewStore } from '../views/view-store.ts'
import { bursts, nextTurn } from './bursts.ts'
import { identityOf } from './log-identity.ts'
import { foldViews, runIdsOf } from './folded-views.ts'

// Keeps the view store in step with the log.
//
//   V1. A row is a fold of its run's events in order; an event that a row holds already is passed over.
//   V2. The checkpoint moves in the same transaction as the rows.
//   V3. Whatever is in the log, it goes on: an event that cannot be read is a problem of its own run only.
//
// So it may be stopped anywhere, and any number of processes may run it on one view store.

export interface Projector {
  /** Takes in all that the log holds when it is called, at least. Rejects with the errors of log and views. */
  catchUp(): Promise<void>
  /** Catches up and then follows the log until the signal; a failure of the log or the view store rejects, and it may be run again. */
  run(signal: AbortSignal): Promise<void>
}

interface Ports {
  readonly log: EventLog
  readonly views: ViewStore
}

/** Bounds how long a transaction holds up the process. */
const BATCH_EVENTS = 500
const RUNS = { streamPrefix: RUN_STREAM_PREFIX }

/** A view store of another log, or one that is ahead of its log (which was restored from a copy), is cleared and filled again. */
export const createProjector = (ports: Ports): Projector => ({
  catchUp: () => catchUp(ports, undefined),
  async run(signal) {
    while (!signal.aborted) {
      await catchUp(ports, signal)
      await follow(ports, signal)
    }
  },
})

const catchUp = async (ports: Ports, signal: AbortSignal | undefined): Promise<void> => {
  let isDone = false
  while (!isDone && signal?.aborted !== true) isDone = await readOn(ports, await validCheckpoint(ports), signal)
}

/** False where the view store was cleared meanwhile. */
const readOn = async (ports: Ports, from: Checkpoint | undefined, signal: AbortSignal | undefined): Promise<boolean> => {
  let since = from
  let batch: StoredEvent[] = []
  const flush = async (): Promise<boolean> => {
    const next = await take(ports, since, batch)
    since = next
    batch = []
    return next !== undefined
  }
  for await (const event of ports.log.readAll({ filter: RUNS, ...(from === undefined ? {} : { from: from.position }) })) {
    if (event.position === from?.position) continue
    batch.push(event)
    if (batch.length < BATCH_EVENTS) continue
    if (!(await flush())) return false
    if (signal?.aborted === true) return true
    await nextTurn()
  }
  return batch.length === 0 || (await flush())
}

/** Returns once the view store was cleared or the signal has come. */
const follow = async (ports: Ports, signal: AbortSignal): Promise<void> => {
  let since = await validCheckpoint(ports)
  const stop = new AbortController()
  const items = ports.log.subscribe({
    filter: RUNS,
    signal: AbortSignal.any([signal, stop.signal]),
    ...(since === undefined ? {} : { after: since.position }),
  })
  for await (const burst of bursts(items, BATCH_EVENTS)) {
    const events = burst.flatMap((item) => (item.kind === 'event' ? [item.event] : []))
    if (events.length === 0) continue
    let isTaken = false
    try {
      since = await take(ports, since, events)
      isTaken = since !== undefined
    } finally {
      // Before the loop is left, since not every subscription that waits for its next event can be ended otherwise.
      if (!isTaken) stop.abort()
    }
    if (!isTaken) return
  }
}

/** Folds the events onto the rows of the view store. Returns the new checkpoint, or undefined where the view store was cleared meanwhile. */
const take = async (
  { log, views }: Ports,
  since: Checkpoint | undefined,
  events: readonly StoredEvent[],
): Promise<Checkpoint | undefined> => {
  const { changes } = foldViews(await views.getMany(runIdsOf(events)), events)
  const checkpoint = { log: since?.log ?? (await identityOf(log)), position: events.at(-1)?.position ?? 0 }
  return (await views.apply({ ...changes, since, checkpoint })) ? checkpoint : undefined
}

const validCheckpoint = async ({ log, views }: Ports): Promise<Checkpoint | undefined> => {
  const stored = await views.checkpoint()
  if (stored === undefined) return undefined
  const head = await log.head()
  if (head !== undefined && stored.position <= head && stored.log === (await identityOf(log))) return stored
  await views.clear()
  return undefined
}
