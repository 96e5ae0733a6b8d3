import type { EventLog, StoredEvent, SubscriptionItem } from '../eventlog/event-log.ts'
import { RUN_STREAM_PREFIX } from '../events/codec.ts'
import type { Checkpoint, ViewStore } from '../views/view-store.ts'
import { bursts, nextTurn } from './bursts.ts'
import { BATCH_LENGTH, eventBatches, storedLength } from './event-batches.ts'
import { foldViews, runIdsOf } from './folded-views.ts'
import { identify, isNamed } from './log-identity.ts'

// Keeps the view store in step with the log.
//
//   V1. A row is a fold of its run's events in order; an event that a row holds already is passed over.
//   V2. The checkpoint moves in the same transaction as the rows.
//   V3. Whatever is in the log, it goes on: an event that cannot be read is a problem of its own run only.
//   V4. What the log holds of others is passed once: the checkpoint moves on to where the log ended when it was read.
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
const MOST = {
  items: BATCH_EVENTS,
  length: BATCH_LENGTH,
  lengthOf: (item: SubscriptionItem): number => (item.kind === 'event' ? storedLength(item.event) : 0),
}
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
  while (!isDone && signal?.aborted !== true) isDone = await readOn(ports, await currentPlace(ports), signal)
}

interface Place {
  readonly since: Checkpoint | undefined
  /** Where the log ended before it was read, since what comes meanwhile may not be in what is read. */
  readonly head: number
}

/** False where the view store was cleared meanwhile. */
const readOn = async (ports: Ports, { since: from, head }: Place, signal: AbortSignal | undefined): Promise<boolean> => {
  const begin = from?.position ?? 0
  let reached = begin
  let since = from
  const moveOn = async (events: readonly StoredEvent[], position: number): Promise<boolean> => {
    since = await take(ports, since, { events, position })
    reached = position
    return since !== undefined
  }
  for await (const batch of eventBatches(ports.log.readAll({ filter: RUNS, from: begin }), BATCH_EVENTS)) {
    const events = batch.filter(({ position }) => position !== begin)
    const last = events.at(-1)
    if (last === undefined) continue
    if (!(await moveOn(events, last.position))) return false
    if (signal?.aborted === true) return true
    await nextTurn()
  }
  return head <= reached || moveOn([], head)
}

/** Returns once the view store was cleared or the signal has come. */
const follow = async (ports: Ports, signal: AbortSignal): Promise<void> => {
  let { since } = await currentPlace(ports)
  const stop = new AbortController()
  const items = ports.log.subscribe({
    filter: RUNS,
    signal: AbortSignal.any([signal, stop.signal]),
    ...(since === undefined ? {} : { after: since.position }),
  })
  for await (const burst of bursts(items, MOST)) {
    const events = burst.flatMap((item) => (item.kind === 'event' ? [item.event] : []))
    if (events.length === 0) continue
    let isTaken = false
    try {
      since = await take(ports, since, { events, position: events.at(-1)?.position ?? 0 })
      isTaken = since !== undefined
    } finally {
      // Before the loop is left, since not every subscription that waits for its next event can be ended otherwise.
      if (!isTaken) stop.abort()
    }
    if (!isTaken) return
  }
}

interface Taken {
  readonly events: readonly StoredEvent[]
  /** Up to where the log holds nothing further of runs. */
  readonly position: number
}

/** Folds the events onto the rows of the view store. Returns the new checkpoint, or undefined where the view store was cleared meanwhile. */
const take = async ({ log, views }: Ports, since: Checkpoint | undefined, { events, position }: Taken): Promise<Checkpoint | undefined> => {
  const { changes } = foldViews(events.length === 0 ? [] : await views.getMany(runIdsOf(events)), events)
  const checkpoint = { log: since?.log ?? (await identify(log)).id, position }
  return (await views.apply({ ...changes, since, checkpoint })) ? checkpoint : undefined
}

/** Clears a view store that is of another log, or ahead of this one. */
const currentPlace = async ({ log, views }: Ports): Promise<Place> => {
  // First, since it may be written here: then the log ends behind it.
  const identity = await identify(log)
  const head = (await log.head()) ?? 0
  const stored = await views.checkpoint()
  if (stored === undefined) return { since: undefined, head }
  if (stored.position <= head && isNamed(identity, stored.log)) return { since: stored, head }
  await views.clear()
  return { since: undefined, head }
}
