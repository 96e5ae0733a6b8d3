import type { BlobStore } from '../../blobs/blob-store.ts'
import { isAppError } from '../../errors.ts'
import { blobsIn, hashHolds, runIdOf, RUN_STREAM_PREFIX, shapeProblems } from '../../events/codec.ts'
import type { RunEvent } from '../../events/envelope.ts'
import { behindTheEnd, deletionEventTypes, finalEventTypes, mayBeReopened, type DataOf } from '../../events/run-events.ts'
import { onCode } from '../../fold/lifecycle.ts'
import { CLOCK_MARGIN_MS } from '../../fold/standing.ts'
import type { EventLog, StoredEvent } from '../../eventlog/event-log.ts'
import { tryRead, type ReadEvent } from '../stored-events.ts'
import type { Findings } from './findings.ts'

/** What one pass over the log has seen of a run. */
export interface SeenRun {
  readonly runId: string
  readonly revision: number
  /** Of its newest readable event. */
  readonly hash: string
  readonly started: DataOf<'RunStarted'> | undefined
  readonly isOver: boolean
  readonly mayBeReopened: boolean
}

export interface SeenLog {
  readonly events: number
  readonly runs: ReadonlyMap<string, SeenRun>
}

interface Ports {
  readonly log: EventLog
  readonly blobs: BlobStore
  /** Where blobs are kept, in words: `the folder of blobs`. */
  readonly blobPlace?: string
}

const RESTORE =
  'Restore the log from a backup, or go on knowing that this place is not what was recorded: `refold replay` shows the difference.'

/** Every event of every run, once: order, chain of hashes, readability, shape, blobs. Needs no agent. */
export const checkEvents = async (ports: Ports, findings: Findings, signal: AbortSignal): Promise<SeenLog> => {
  const runs = new Map<string, SeenRun>()
  const checkBlob = blobChecker(ports)
  let events = 0
  for await (const stored of ports.log.readAll({ filter: { streamPrefix: RUN_STREAM_PREFIX } })) {
    if (signal.aborted) break
    events += 1
    const runId = runIdOf(stored.stream)
    const before = runs.get(runId)
    checkOrder(before, stored, findings)
    for (const hash of blobsOf(stored)) await checkBlob({ hash, stored, findings })
    const read = await tryRead(ports.blobs, stored)
    if (read.ok) checkClock(read, findings)
    if (read.ok) checkEvent(before, read, findings)
    else reportUnreadable(read, findings)
    if (read.ok && read.event.type === 'ModelCallRequested') await checkBlob({ hash: read.event.data.promptHash, stored, findings })
    runs.set(runId, seen(before, stored, read))
  }
  return { events, runs }
}

const seen = (before: SeenRun | undefined, stored: StoredEvent, read: ReadEvent): SeenRun => ({
  runId: runIdOf(stored.stream),
  revision: stored.revision,
  hash: read.ok ? read.event.meta.hash : (before?.hash ?? ''),
  started: startedAfter(before?.started, read),
  ...endOf(before, stored, read),
})

/** With the code that it has moved to. */
const startedAfter = (started: SeenRun['started'], read: ReadEvent): SeenRun['started'] => {
  if (read.ok && read.event.type === 'RunStarted') return read.event.data
  return read.ok && read.event.type === 'RunMoved' && started !== undefined ? onCode(started, read.event.data) : started
}

/** An event is stored after it was decided, so a time behind that of the log can only come of a clock. */
const checkClock = ({ event, stored }: Extract<ReadEvent, { ok: true }>, findings: Findings): void => {
  if (event.meta.at <= stored.storedAt + CLOCK_MARGIN_MS) return
  findings.add(
    {
      severity: 'warning',
      check: 'clock',
      message: 'The clock of a process was ahead of that of the log by more than leases allow for',
      remedy: 'Keep the clocks of all machines in step, by NTP for example.',
    },
    placeOf(stored),
  )
}

const placeOf = ({ stream, revision }: StoredEvent): string => `${runIdOf(stream)}@${revision}`

const endOf = (before: SeenRun | undefined, { type }: StoredEvent, read: ReadEvent): Pick<SeenRun, 'isOver' | 'mayBeReopened'> => {
  if (before?.isOver === true && behindTheEnd.has(type)) return { isOver: true, mayBeReopened: before.mayBeReopened }
  return { isOver: finalEventTypes.has(type) || deletionEventTypes.has(type), mayBeReopened: read.ok && mayBeReopened(read.event) }
}

/** A run may be opened again, what became of a call may become known late, and it may be scored at any time. */
const mayFollowTheEnd = (before: SeenRun, { type }: StoredEvent): boolean =>
  type === 'ToolCallCorrected' || type === 'RunScored' || ((type === 'RunReopened' || type === 'RunMoved') && before.mayBeReopened)

const checkOrder = (before: SeenRun | undefined, stored: StoredEvent, findings: Findings): void => {
  const expected = (before?.revision ?? -1) + 1
  // What stood before a deletion is gone, or goes with the next scavenge.
  if (deletionEventTypes.has(stored.type)) return
  if (stored.revision !== expected) {
    findings.add(
      { severity: 'problem', check: 'order', message: 'Events of a run are missing', remedy: RESTORE },
      `${runIdOf(stored.stream)}@${expected}`,
    )
  }
  if (before?.isOver === true && !mayFollowTheEnd(before, stored)) {
    findings.add(
      { severity: 'problem', check: 'order', message: 'There are events after the end of a run', remedy: RESTORE },
      placeOf(stored),
    )
  }
}

const checkEvent = (before: SeenRun | undefined, { event, stored }: Extract<ReadEvent, { ok: true }>, findings: Findings): void => {
  const previous = event.type === 'DeletionRequested' ? event.data.headHash : (before?.hash ?? '')
  if (!hashHolds(previous, stored, event.meta.hash)) {
    const message = 'The chain of hashes is broken: this event, or its predecessor, was changed after it was recorded'
    findings.add({ severity: 'problem', check: 'hash', message, remedy: RESTORE }, placeOf(stored))
  }
  for (const problem of shapesOf(event)) {
    const message = `${event.type} has not its published shape: ${problem}`
    findings.add(
      { severity: 'problem', check: 'shape', message, remedy: 'Nothing to do where it replays; otherwise report it, with the event.' },
      placeOf(stored),
    )
  }
}

/** One line: an event that fits in nothing must not fill the screen. */
const shapesOf = (event: RunEvent): string[] => shapeProblems(event).slice(0, 1)

const reportUnreadable = ({ problem, stored }: Extract<ReadEvent, { ok: false }>, findings: Findings): void => {
  const isNewer = problem.code === 'UnknownEvent'
  findings.add(
    {
      severity: 'problem',
      check: 'event',
      message: isNewer ? `Events of a newer version: ${stored.type}` : 'Events that cannot be read',
      remedy: isNewer ? 'Upgrade this Refold.' : RESTORE,
    },
    placeOf(stored),
  )
}

const blobsOf = (stored: StoredEvent): string[] => {
  try {
    return blobsIn(stored)
  } catch {
    // Its JSON is broken, which reading it reports.
    return []
  }
}

interface Wanted {
  readonly hash: string
  readonly stored: StoredEvent
  readonly findings: Findings
}

type CheckBlob = (wanted: Wanted) => Promise<void>

/** Each is asked for once: all runs of an agent share its prompt. */
const blobChecker = ({ blobs, blobPlace = 'the folder of blobs' }: Ports): CheckBlob => {
  const known = new Map<string, string | undefined>()
  const remedy = `Restore ${blobPlace} from a backup, of the same time as the log or later.`
  return async ({ hash, stored, findings }) => {
    if (!known.has(hash)) known.set(hash, await problemWith(blobs, hash))
    const message = known.get(hash)
    if (message !== undefined) findings.add({ severity: 'problem', check: 'blob', message, remedy }, placeOf(stored))
  }
}

const problemWith = async (blobs: BlobStore, hash: string): Promise<string | undefined> => {
  try {
    await blobs.get(hash)
    return undefined
  } catch (error) {
    if (!isAppError(error)) throw error
    return error.message
  }
}
