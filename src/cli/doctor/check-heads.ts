import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { AppError, isAppError, messageOf } from '../../errors.ts'
import { streamOf } from '../../events/codec.ts'
import type { EventLog } from '../../eventlog/event-log.ts'
import type { ViewStore } from '../../views/view-store.ts'
import { logHead, type LogHead, type RunHead } from '../log-head.ts'
import type { SeenRun } from './check-events.ts'
import type { Findings } from './findings.ts'
import { identityOf } from '../../consumers/log-identity.ts'
import { counted } from '../../projections/amount-text.ts'

/** What a run was known to hold at least, by somebody who does not read the log for it. */
export interface KnownHeads {
  /** In words: `the views`. */
  readonly by: string
  readonly heads: ReadonlyMap<string, RunHead>
}

const PAGE = 1_000

/** The views as they are, before they are brought up to the log: a log that has lost its end would take them with it. */
export const headsOfViews = async (views: ViewStore): Promise<KnownHeads> => {
  const heads = new Map<string, RunHead>()
  for (let before: number | undefined; ;) {
    const page = await views.list({ limit: PAGE, ...(before === undefined ? {} : { before }) })
    for (const { runId, revision, hash, problem } of page) if (problem === undefined && hash !== '') heads.set(runId, { revision, hash })
    before = page.at(-1)?.position
    if (page.length < PAGE) return { by: 'the views', heads }
  }
}

interface ExportedLine {
  readonly type: string
  readonly runId: string
  readonly revision: number
  readonly meta: { readonly hash?: unknown }
}

/** Those of an earlier `export --all`. Rejects with `InvalidInput` where the file is none, or is not whole by its own last line. */
export const headsOfExport = async (path: string): Promise<KnownHeads> => {
  const found = logHead()
  let last: LogHead | undefined
  const wrong = (what: string): AppError =>
    new AppError('InvalidInput', `Expected in ${path} what \`refold export --all\` writes, found ${what}`, { details: { path } })
  try {
    for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
      if (last !== undefined) throw wrong('lines behind its last one')
      const read = JSON.parse(line) as ExportedLine | LogHead
      if (isLogHead(read)) last = read
      else found.add(read.runId, { revision: read.revision, hash: hashOf(read) })
    }
  } catch (cause) {
    if (isAppError(cause)) throw cause
    throw wrong(messageOf(cause))
  }
  if (last === undefined) throw wrong('no last line of the type LogHead: it was cut, or is of single runs')
  if (last.hash !== found.head().hash) throw wrong('events that its last line does not cover: it was changed')
  return { by: path, heads: found.heads() }
}

/** Of an event that could not be read, as it was exported. */
const hashOf = ({ meta }: ExportedLine): string => (typeof meta.hash === 'string' ? meta.hash : '')

const isLogHead = (line: ExportedLine | LogHead): line is LogHead => line.type === 'LogHead'

const RESTORE =
  'A copy that was restored just now looks like this: say so with `refold restored --yes`, or start a process, which finds it out. ' +
  'Otherwise restore the log from a backup, or go on knowing what is missing; `refold delete` is what takes a run out without this.'

/** Whether the log holds what was known of each run: neither its end nor the whole of it may be gone, and it may not be another. */
export const checkHeads = async (
  log: EventLog,
  { known, runs, findings }: { readonly known: KnownHeads; readonly runs: ReadonlyMap<string, SeenRun>; readonly findings: Findings },
): Promise<void> => {
  for (const [runId, head] of known.heads) {
    const message = await lossOf(log, runId, { head, run: runs.get(runId) })
    if (message !== undefined) {
      findings.add(
        { severity: 'problem', check: 'head', message: `${message} (by ${known.by})`, remedy: RESTORE },
        `${runId}@${head.revision}`,
      )
    }
  }
}

const lossOf = async (
  log: EventLog,
  runId: string,
  { head, run }: { readonly head: RunHead; readonly run: SeenRun | undefined },
): Promise<string | undefined> => {
  const isHeld = run?.hash === head.hash && run.revision === head.revision
  if (isHeld || (await isDeleted(log, runId, head))) return undefined
  if (run === undefined) return 'Whole runs are missing from the log'
  if (run.revision < head.revision) return 'Events are missing at the end of runs'
  return (await hashAt(log, runId, head.revision)) === head.hash ? undefined : 'Runs are not the ones that were recorded'
}

/** Deleted by `refold delete`, behind what was known of it, or for good by a tombstone, which nobody sets by accident. */
const isDeleted = async (log: EventLog, runId: string, head: RunHead): Promise<boolean> => {
  try {
    for await (const first of log.readStream(streamOf(runId), { limit: 1 })) {
      if (first.type !== 'DeletionRequested' || first.revision <= head.revision) return false
      const { headHash } = JSON.parse(first.data) as { readonly headHash?: unknown }
      return first.revision > head.revision + 1 || headHash === head.hash
    }
    return false
  } catch (error) {
    if (isAppError(error, 'StreamNotFound')) return false
    if (isAppError(error, 'StreamDeleted')) return true
    throw error
  }
}

const hashAt = async (log: EventLog, runId: string, revision: number): Promise<string | undefined> => {
  for await (const { meta } of log.readStream(streamOf(runId), { from: revision, limit: 1 })) return hashIn(meta)
  return undefined
}

/** Undefined where the text is no meta at all, which reading it reports. */
const hashIn = (meta: string): string | undefined => {
  try {
    return (JSON.parse(meta) as { readonly hash?: string }).hash
  } catch {
    return undefined
  }
}

const TOLD_FOR_MS = 30 * 24 * 3_600_000

/** Older copies that were restored lately, with the runs of which more was known than they hold: whole runs, and runs whose end is gone. */
export const checkRestores = async (
  log: EventLog,
  { now, findings }: { readonly now: number; readonly findings: Findings },
): Promise<void> => {
  for (const { at, by, lostRuns } of (await identityOf(log)).restores) {
    if (at < now - TOLD_FOR_MS) continue
    const found = {
      severity: 'warning',
      check: 'restored',
      message:
        `An older copy of the log was restored, as ${by ?? 'a process'} has recorded at ${new Date(at).toISOString()}; ` +
        (lostRuns.size === 0 ? 'nobody knew more than it holds' : `more was known of ${counted(lostRuns.size, 'run')}`),
      remedy:
        'See to the calls that wait for a person (`refold query stuck`), and tell whoever asked for what is lost; `docs/operations.md` says how.',
    } as const
    if (lostRuns.size === 0) findings.add(found)
    for (const [runId, revision] of lostRuns) findings.add(found, `${runId}@${revision}`)
  }
}
