import { AppError, isAppError } from '../errors.ts'
import { streamOf } from '../events/codec.ts'
import type { EventLog } from '../eventlog/event-log.ts'
import { present } from '../present.ts'
import type { RunRow } from '../projections/run-index.ts'
import type { Checkpoint, ViewStore } from '../views/view-store.ts'
import {
  identify,
  IDENTITY_STREAM,
  isNamed,
  isOfSameRoot,
  uuidFrom,
  wasNamed,
  MOST_LOST_RUNS,
  RESTORED_TYPE,
  restoreText,
  type LogIdentity,
  type Restore,
} from './log-identity.ts'

// Finds out that an older copy of the log was restored, by what the views know beyond it, and records it in the log, so that every process
// knows it from then on: also those that begin when the views have forgotten it.

export interface RestorePorts {
  readonly log: EventLog
  readonly views: ViewStore
  /** Called when it has been found out and recorded here. */
  readonly restored?: (restore: Restore) => void
}

/** The views beside their log. */
export interface ViewsPlace {
  readonly identity: LogIdentity
  /** Where the log ended before it was read; 0 where it is empty. */
  readonly head: number
  /** Undefined where the views hold nothing of this log as it is now. */
  readonly since: Checkpoint | undefined
  /** They hold something else, which has to go. */
  readonly isStale: boolean
}

/** Rejects with what log and views say: where a restore cannot be recorded, nobody may go on as if there was none. */
export const placeOfViews = async (ports: RestorePorts): Promise<ViewsPlace> => {
  const { log, views } = ports
  // Before the log is asked: whoever clears the views has recorded why.
  const stored = await views.checkpoint()
  const identity = await identify(log)
  // After it, since it may have been written here: then the log ends behind it.
  const head = (await log.head()) ?? 0
  const place = { identity, head }
  if (stored === undefined) return { ...place, since: undefined, isStale: false }
  if (isBeyond(identity, head, stored)) {
    await recordRestore(ports, { ...place, known: stored })
    return placeOfViews(ports)
  }
  const fits = isNamed(identity, stored.log)
  if (!fits && (await knowsMore(ports, identity))) {
    await recordRestore(ports, { ...place, known: stored })
    return placeOfViews(ports)
  }
  return { ...place, since: fits ? stored : undefined, isStale: !fits }
}

/**
 * The newest restore of the log. Beside the checkpoint the newest runs of the views are looked for: where others write to the same store, it
 * may have grown beyond the checkpoint meanwhile. For a process that begins.
 */
export const newestRestore = async (ports: RestorePorts): Promise<Restore | undefined> => {
  const { since, identity, head } = await placeOfViews(ports)
  if (since === undefined || !(await lacksNewestRun(ports))) return identity.restores.at(-1)
  await recordRestore(ports, { identity, head, known: since })
  return (await identify(ports.log)).restores.at(-1)
}

/** A checkpoint of this log that the log does not reach, or of a copy of it that has gone on after a restore of its own. */
export const isBeyond = (identity: LogIdentity, head: number, { log, position }: Checkpoint): boolean => {
  if (isNamed(identity, log)) return position > head
  return isOfSameRoot(identity, log) && !wasNamed(identity, log)
}

export interface FoundRestore extends Pick<ViewsPlace, 'identity' | 'head'> {
  /** The checkpoint by which it was found out. */
  readonly known: Checkpoint | undefined
  /** Who has told it. */
  readonly by?: string
}

/** Whether views of an earlier life of this log know of lost runs that its restores do not name: the relay has found it out, and has no views. */
const knowsMore = async ({ log, views }: RestorePorts, identity: LogIdentity): Promise<boolean> => {
  const newest = identity.restores.at(-1)
  if (newest === undefined) return false
  return [...(await lostRunsOf(log, views)).keys()].some((runId) => !newest.lostRuns.has(runId))
}

/**
 * What the views know beyond the log goes into the record, since they forget it, with what earlier restores have lost. Where another process is
 * faster, its record counts.
 */
export const recordRestore = async (
  { log, views, restored }: Omit<RestorePorts, 'views'> & Partial<Pick<RestorePorts, 'views'>>,
  { identity, head, known, by }: FoundRestore,
): Promise<void> => {
  if (identity.revision < 0) throw new AppError('NotPossible', 'Expected a log that was restored from a copy, found one that holds nothing')
  const found = views === undefined ? [] : await lostRunsOf(log, views)
  const lostRuns = new Map([...found, ...(identity.restores.at(-1)?.lostRuns ?? [])])
  // The same for whoever finds out the same.
  const id = uuidFrom(JSON.stringify([identity.id, head, known?.log, known?.position, by]))
  const data = restoreText({ head, lostRuns, ...present({ by, instead: known?.log }) })
  try {
    await log.append(IDENTITY_STREAM, identity.revision, [{ id, type: RESTORED_TYPE, data, meta: '{}' }])
  } catch (error) {
    if (isAppError(error, 'EventLogConflict')) return
    throw error
  }
  const recorded = (await identify(log)).restores.at(-1)
  if (recorded !== undefined) restored?.(recorded)
}

const PAGE = 200

/** Runs that the views know more of than the log holds, the newest first. They end with the first page that has none. */
const lostRunsOf = async (log: EventLog, views: ViewStore): Promise<ReadonlyMap<string, number>> => {
  const lost = new Map<string, number>()
  for (let before: number | undefined; lost.size < MOST_LOST_RUNS;) {
    const page = await views.list({ limit: PAGE, ...(before === undefined ? {} : { before }) })
    const held = await Promise.all(page.map((row) => isHeld(log, row)))
    page.forEach(({ runId, revision }, at) => {
      if (held[at] === false && lost.size < MOST_LOST_RUNS) lost.set(runId, revision)
    })
    before = page.at(-1)?.position
    if (page.length < PAGE || !held.includes(false)) break
  }
  return lost
}

const NEWEST_RUNS = 20

const lacksNewestRun = async ({ log, views }: RestorePorts): Promise<boolean> => {
  for (const row of await views.list({ limit: NEWEST_RUNS })) {
    const held = await isHeld(log, row)
    if (held !== undefined) return !held
  }
  return false
}

/** Whether the log holds the run as the row knows it. Undefined where the row does not say, or the run was deleted for good. */
const isHeld = async (log: EventLog, { runId, revision, hash, status, problem }: RunRow): Promise<boolean | undefined> => {
  if (status === 'deleted' || hash === '' || problem !== undefined) return undefined
  try {
    for await (const { meta, type } of log.readStream(streamOf(runId), { from: revision, limit: 1 }))
      return type.startsWith('Deletion') || hashIn(meta) === hash ? true : false
    return false
  } catch (error) {
    if (isAppError(error, 'StreamNotFound')) return false
    if (isAppError(error, 'StreamDeleted')) return undefined
    throw error
  }
}

const hashIn = (meta: string): unknown => {
  try {
    return (JSON.parse(meta) as { readonly hash?: unknown }).hash
  } catch {
    return undefined
  }
}
