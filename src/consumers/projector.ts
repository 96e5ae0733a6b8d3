import type { StoredEvent, SubscriptionItem } from '../eventlog/event-log.ts'
import { RUN_STREAM_PREFIX, runIdOf } from '../events/codec.ts'
import type { Checkpoint } from '../views/view-store.ts'
import { present } from '../present.ts'
import { nextTurn, BATCH_LENGTH, storedLength } from './batches.ts'
import { foldOnto } from './fold-views.ts'
import { identify } from './log-identity.ts'
import { oneAtATime } from './one-at-a-time.ts'
import { placeOfViews, type RestorePorts } from './restored-log.ts'

// Keeps the view store in step with the log.
//
//   PROJECT1. A row is a fold of its run's events in order; an event that a row holds already is passed over.
//   PROJECT2. The checkpoint moves in the same transaction as the rows.
//   PROJECT3. Whatever is in the log, it goes on: an event that cannot be read is a problem of its own run only.
//   PROJECT4. What the log holds of others is passed once: the checkpoint moves on with what was looked at, and to where the log ended.
//
// So it may be stopped anywhere, and any number of processes may run it on one view store.

export interface Projector {
  /**
   * Takes in all that the log holds when it is called, at least. Whoever calls meanwhile waits for the same, at the pace of the first.
   * Rejects with the errors of log and views.
   */
  catchUp(pace?: Pace): Promise<void>
  /**
   * What the log holds of runs beyond the views, as far as that is soon read: of each run the type of its newest event there. Nothing is
   * folded. Rejects with the errors of log and views.
   */
  newestBeyond(): Promise<ReadonlyMap<string, string>>
}

/** Turns of the event loop that others have between two batches; 1 by default. They cost nothing where nothing else is to be done. */
export interface Pace {
  readonly turns: number
}

/** Takes in what the log holds behind a place. False where the view store was cleared meanwhile, undefined where it does nothing. */
export type ReadBeside = (place: Place) => Promise<boolean | undefined>

export interface Place {
  readonly since: Checkpoint | undefined
  /** Where the log ended before it was read, since what comes meanwhile may not be in what is read. */
  readonly head: number
}

export interface ProjectorParts extends RestorePorts {
  /** Who reads on where much is left, so that nothing else of this thread waits for it; one call at a time. */
  readonly beside?: ReadBeside | undefined
}

interface Reading extends Pace {
  /** Of a transaction: the more, the fewer rows are written twice, and the longer it holds up its thread. */
  readonly batchEvents: number
  readonly beside?: ReadBeside | undefined
  readonly signal?: AbortSignal
}

const BATCH_EVENTS = 500
/** Where others wait for the thread meanwhile. */
const SMALL_BATCH_EVENTS = 200
/** To begin a thread takes longer than to fold so many. */
const FEW_EVENTS = 600
/** So often the log says how far others have written, before that is kept where there is nothing else to keep. */
const PASSED_BEFORE_KEPT = 50
/** What half a second reads. */
const MOST_BEYOND = 20_000
const MOST_BEYOND_LENGTH = 8 * BATCH_LENGTH
const RUNS = { streamPrefix: RUN_STREAM_PREFIX }

/** A view store of another log, or one that knows more than its log (of which an older copy was restored), is cleared and filled again. */
export const createProjector = ({ beside, ...ports }: ProjectorParts): Projector => {
  const reading = beside === undefined ? { batchEvents: BATCH_EVENTS } : { batchEvents: SMALL_BATCH_EVENTS, beside }
  return {
    catchUp: oneAtATime(async ({ turns }: Pace = { turns: 1 }) => {
      let isDone = false
      while (!isDone) isDone = await readOn(ports, await currentPlace(ports), { ...reading, turns })
    }),
    async newestBeyond() {
      const { since } = await placeOfViews(ports)
      const newest = new Map<string, string>()
      let [events, length] = [0, 0]
      for await (const item of ports.log.backlog({ filter: RUNS, ...present({ after: since?.position }) })) {
        if (item.kind !== 'event') continue
        newest.set(runIdOf(item.event.stream), item.event.type)
        events += 1
        length += storedLength(item.event)
        if (events >= MOST_BEYOND || length >= MOST_BEYOND_LENGTH) break
      }
      return newest
    },
  }
}

/** Rejects with the reason of the signal, too: between two transactions. */
export const readOn = async (
  ports: Pick<RestorePorts, 'log' | 'views'>,
  { since: from, head }: Place,
  { batchEvents, turns, beside, signal }: Reading,
): Promise<boolean> => {
  let since = from
  let reached = from?.position ?? 0
  let taken = 0
  const handOver = async (place: Place): Promise<boolean | undefined> => (taken < FEW_EVENTS ? undefined : beside?.(place))
  for await (const batch of batched(ports.log.backlog({ filter: RUNS, ...present({ after: from?.position }) }), batchEvents)) {
    since = await apply(ports, since, batch)
    if (since === undefined) return false
    reached = batch.position
    // What is appended meanwhile is for whoever calls next: under load there is no end of it.
    if (reached >= head) return true
    taken += batch.events.length
    const isDoneBeside = await handOver({ since, head })
    if (isDoneBeside !== undefined) return isDoneBeside
    for (let turn = 0; turn < turns; turn++) await nextTurn()
    signal?.throwIfAborted()
  }
  return head <= reached || (await apply(ports, since, { events: [], position: head })) !== undefined
}

/** What is worth a transaction: events, or a long way past those of others. */
async function* batched(items: AsyncIterable<SubscriptionItem>, most: number): AsyncGenerator<EventBatch, void, undefined> {
  let events: StoredEvent[] = []
  let position = 0
  let [length, passed] = [0, 0]
  for await (const item of items) {
    if (item.kind === 'event') {
      events.push(item.event)
      length += storedLength(item.event)
      position = item.event.position
    } else if (item.kind === 'passed') {
      passed += 1
      position = item.position
    }
    if (events.length < most && length < BATCH_LENGTH && passed < PASSED_BEFORE_KEPT) continue
    yield { events, position }
    events = []
    length = passed = 0
  }
  if (events.length > 0) yield { events, position }
}

interface EventBatch {
  readonly events: readonly StoredEvent[]
  /** Up to where the log holds nothing further of runs. */
  readonly position: number
}

/** Folds the events onto the rows of the view store. Returns the new checkpoint, or undefined where the view store was cleared meanwhile. */
const apply = async (
  { log, views }: Pick<RestorePorts, 'log' | 'views'>,
  since: Checkpoint | undefined,
  { events, position }: EventBatch,
): Promise<Checkpoint | undefined> => {
  const changes = await foldOnto(views, events)
  const checkpoint = { log: since?.log ?? (await identify(log)).id, position }
  return (await views.apply({ ...changes, since, checkpoint })) ? checkpoint : undefined
}

/** Clears a view store that is of another log, or that knows more than this one. */
const currentPlace = async (ports: RestorePorts): Promise<Place> => {
  const { since, head, isStale } = await placeOfViews(ports)
  if (isStale) await ports.views.clear()
  return { since, head }
}
