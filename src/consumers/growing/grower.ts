import { pauseFor } from '../../bus/backoff.ts'
import type { BlobStore } from '../../blobs/blob-store.ts'
import type { Clock } from '../../clock.ts'
import { isAppError, messageOf } from '../../errors.ts'
import { RUN_STREAM_PREFIX, runIdOf } from '../../events/codec.ts'
import type { RunEvent } from '../../events/envelope.ts'
import { deletionEventTypes, finalEventTypes } from '../../events/run-events.ts'
import type { EventLog, StoredEvent, SubscriptionItem } from '../../eventlog/event-log.ts'
import { fittingCases, hintsAtCases } from '../../evals/growing/fitting-cases.ts'
import { isInShare, type CheckedRule } from '../../evals/growing/grow-rule.ts'
import { readRun } from '../../runtime/reading/run-reader.ts'
import { gathered, nextTurn, storedLength } from '../batches.ts'
import { identify } from '../log-identity.ts'
import { keepRunning } from '../kept-running.ts'
import { logLag, type LogLag } from '../log-lag.ts'
import { MOST_HINTED, grownTo, openGrownFiles, writeGrownFiles, type FilesParts, type GrownFiles } from './grown-files.ts'
import { readGrowerClaim, writeGrowerClaim, type GrowerClaim } from './grower-claim.ts'

// Grows datasets while production runs: a fold of the log into files, as far as their rules take it in.
//
//   GROW1. A file holds each input once, whatever ended its process: it is replaced as a whole, and how far the log was read is noted behind it.
//   GROW2. One process grows at a time. One that has lost its claim writes nothing more, and begins with what the files say.
//   GROW3. Nothing waits for it, and what it cannot read it leaves out and tells of.
//   GROW4. Of a run that is deleted nothing stays, in no file of the folder, whatever rule it has grown by.

export type GrowerNotice =
  /** It goes on later where it was. */
  | { readonly type: 'datasetsDelayed'; readonly message: string }
  /** Somebody else has written the file: it is left as it is, and does not grow. */
  | { readonly type: 'datasetNotOurs'; readonly file: string }
  | { readonly type: 'runNotInDatasets'; readonly runId: string; readonly message: string }

export interface GrowerOptions {
  readonly log: EventLog
  readonly blobs: BlobStore
  readonly clock: Clock
  readonly owner: string
  readonly uuid: () => string
  readonly dir: string
  readonly rules: readonly CheckedRule[]
  readonly notify: (notice: GrowerNotice) => void
}

export interface GrowerCounts {
  /** In all files. */
  readonly cases: number
  /** That fitted, and for which there was no more room. */
  readonly leftOut: number
}

export interface Grower {
  /** Until the signal. What passes is tried again. Rejects with what does not. */
  run(signal: AbortSignal): Promise<void>
  /** Takes in all that is recorded by now; false where another process does it. Not beside `run`. Rejects with what the log and the folder say. */
  catchUp(signal: AbortSignal): Promise<boolean>
  lag(): Promise<LogLag>
  counts(): GrowerCounts
}

const BATCH_EVENTS = 2_000
const BATCH_LENGTH = 8 * 1024 * 1024
const LEASE_MS = 60_000
const LOOK_AGAIN_MS = 5_000
/** A file is written as a whole, so not too often. */
const WRITE_EVERY_MS = 5_000
const RUNS = { streamPrefix: RUN_STREAM_PREFIX }

export const createGrower = (options: GrowerOptions): Grower => {
  const { log, clock, notify } = options
  const begun = async (): Promise<Claimed | undefined> => {
    const held = await claimed(options)
    files = held?.files ?? files
    return held
  }
  let files: GrownFiles | undefined

  const grow = async (held: Claimed, items: AsyncIterable<SubscriptionItem>, pause: () => Promise<void>): Promise<void> => {
    let { claim } = held
    for await (const batch of gathered(eventsIn(items), { items: BATCH_EVENTS, bytes: BATCH_LENGTH, bytesOf: storedLength })) {
      await takeIn(options, held.files, batch)
      const kept = await claimFor(options, claim)
      if (kept === undefined) return
      claim = kept
      await writeGrownFiles(held.parts, held.files, batch.at(-1)?.position ?? held.files.position)
      await pause()
      await nextTurn()
    }
    const last = await claimFor(options, claim)
    if (last === undefined) return
    await writeGrownFiles(held.parts, held.files, held.files.position)
    await writeGrowerClaim(options, last, { until: 0 })
  }

  return {
    run: (signal) =>
      keepRunning({
        clock,
        signal,
        place: () => files?.position,
        delayed: (message) => {
          notify({ type: 'datasetsDelayed', message })
        },
        work: async () => {
          const held = await begun()
          if (held === undefined) return pauseFor(clock, LOOK_AGAIN_MS, signal)
          return grow(held, log.subscribe({ filter: RUNS, signal, ...afterOf(held.files) }), () => pauseFor(clock, WRITE_EVERY_MS, signal))
        },
      }),
    async catchUp(signal) {
      const held = await begun()
      if (held === undefined) return false
      await grow(held, log.backlog({ filter: RUNS, signal, ...afterOf(held.files) }), () => Promise.resolve())
      return true
    },
    lag: async () => {
      const position = files?.position ?? (await grownTo(options.dir))
      return logLag({ log, clock }, position === 0 ? undefined : position)
    },
    counts: () => ({
      cases: sumOf(files, ({ cases }) => cases.size()),
      leftOut: sumOf(files, ({ cases }) => cases.leftOut()),
    }),
  }
}

interface Claimed {
  readonly claim: GrowerClaim
  readonly parts: FilesParts
  readonly files: GrownFiles
}

/** Undefined while another process grows. */
const claimed = async (options: GrowerOptions): Promise<Claimed | undefined> => {
  const { log, dir, rules, notify } = options
  const claim = await claimFor(options, await readGrowerClaim(log))
  if (claim === undefined) return undefined
  const { id: logId } = await identify(log)
  const foreign = (file: string): void => {
    notify({ type: 'datasetNotOurs', file })
  }
  const parts = { dir, rules, logId, foreign }
  const files = await openGrownFiles(parts)
  if (files.position > ((await log.head()) ?? 0)) files.position = 0
  return { claim, parts, files }
}

const sumOf = (files: GrownFiles | undefined, valueOf: (dataset: GrownFiles['datasets'][number]) => number): number =>
  (files?.datasets ?? []).reduce((sum, dataset) => sum + valueOf(dataset), 0)

const afterOf = ({ position }: GrownFiles): { readonly after?: number } => (position === 0 ? {} : { after: position })

async function* eventsIn(items: AsyncIterable<SubscriptionItem>): AsyncGenerator<StoredEvent, void, undefined> {
  for await (const item of items) if (item.kind === 'event') yield item.event
}

/** Undefined where another process has it. */
const claimFor = (options: GrowerOptions, known: GrowerClaim): Promise<GrowerClaim | undefined> => {
  const { owner, clock } = options
  const now = clock.now()
  if (known.owner !== undefined && known.owner !== owner && known.until > now) return Promise.resolve(undefined)
  return writeGrowerClaim(options, known, { owner, until: now + LEASE_MS })
}

/** After each of these something may be over that was not before. */
const ENDS: ReadonlySet<string> = new Set([...finalEventTypes, 'TurnCompleted', 'RunScored'])

const takeIn = async (options: GrowerOptions, files: GrownFiles, batch: readonly StoredEvent[]): Promise<void> => {
  const touched = new Set<string>()
  for (const { type, stream } of batch) {
    const runId = runIdOf(stream)
    if (deletionEventTypes.has(type)) forget(files, touched, runId)
    if (hintsAtCases.has(type) && files.hinted.size < MOST_HINTED) files.hinted.add(runId)
    if (ENDS.has(type) && isWanted(files, runId)) touched.add(runId)
  }
  for (const runId of touched) await takeInRun(options, files, runId)
}

const forget = ({ datasets, hinted, deleted }: GrownFiles, touched: Set<string>, runId: string): void => {
  deleted.add(runId)
  touched.delete(runId)
  hinted.delete(runId)
  for (const { cases } of datasets) cases.put(runId, [])
}

const isWanted = ({ datasets, hinted }: GrownFiles, runId: string): boolean =>
  datasets.some(
    ({ rule, cases }) =>
      cases.has(runId) || (isInShare(rule, runId) && (rule.when === undefined || hinted.size >= MOST_HINTED || hinted.has(runId))),
  )

const takeInRun = async (options: GrowerOptions, { datasets, hinted }: GrownFiles, runId: string): Promise<void> => {
  const events = await eventsOf(options, runId)
  for (const { rule, cases } of datasets) cases.put(runId, isInShare(rule, runId) ? fittingCases(events, rule) : [])
  if (!isUnderWay(events)) hinted.delete(runId)
}

/** None of a run that is gone, or that cannot be read here. */
const eventsOf = async ({ log, blobs, notify }: GrowerOptions, runId: string): Promise<readonly RunEvent[]> => {
  const events: RunEvent[] = []
  try {
    for await (const { event } of readRun({ log, blobs }, runId)) events.push(event)
    return events
  } catch (error) {
    if (isAppError(error) && error.retryable) throw error
    if (!isAppError(error, 'RunNotFound') && !isAppError(error, 'RunDeleted'))
      notify({ type: 'runNotInDatasets', runId, message: messageOf(error) })
    return []
  }
}

/** Whether a turn has begun that is not over. */
const isUnderWay = (events: readonly RunEvent[]): boolean => {
  const end = events.findLastIndex(({ type }) => finalEventTypes.has(type) || type === 'TurnCompleted')
  return events.slice(end + 1).some(({ type }) => type === 'MessageReceived' || type === 'RunStarted' || type === 'ModelCallRequested')
}
