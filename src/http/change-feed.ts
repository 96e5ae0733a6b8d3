import type { Clock } from '../clock.ts'
import type { FoundRun, RunCounts } from '../views/run-search.ts'
import type { Checkpoint } from '../views/view-store.ts'
import type { ApiParts } from './api-parts.ts'
import { codeOf } from './problem.ts'
import { catchUpIfPossible } from './views-as-known.ts'

// What changes in the list of runs, for everybody who looks.
//
//   CHANGES1. The views are asked once a second for all followers together, and not at all where there are none.
//   CHANGES2. A follower hears of each run as it is by then: one that is slow waits for itself alone, and holds so many rows at most.
//   CHANGES3. Rows up to the checkpoint of the views are complete. What stands beyond it may still come out of order, so it is asked for again.

export type Change =
  | { readonly kind: 'begin'; readonly log: string | null; readonly position: number }
  | { readonly kind: 'rows'; readonly runs: readonly FoundRun[]; readonly position: number }
  | { readonly kind: 'counts'; readonly counts: RunCounts }
  /** Too much has changed, or the views are those of another log. */
  | { readonly kind: 'reload'; readonly position: number }

export interface Following {
  readonly tenant: string | undefined
  /** What was received up to here; undefined is from now on. */
  readonly after: number | undefined
  readonly withCounts: boolean
}

export interface ChangeFeed {
  /** Goes on until the signal. Rejects with `StoreUnavailable` where the views cannot be read at its beginning. */
  follow(options: Following, signal: AbortSignal): AsyncIterable<Change>
}

type Parts = Pick<ApiParts, 'refold' | 'clock' | 'logger'>

const EVERY_MS = 1_000
/** Of changes that one follower has not taken yet, or has missed. */
const MOST_ROWS = 1_000
/** No more than a twentieth of the time goes into counting. */
const COUNTING_SHARE = 20
/** Whose counts are remembered. */
const MOST_TENANTS = 1_000
/** What is stuck changes by time alone. */
const COUNTED_ANEW_MS = 30_000

export const createChangeFeed = (parts: Parts): ChangeFeed => {
  const followers = new Set<Follower>()
  const views = polledViews(parts)
  let disarm: (() => void) | undefined
  let isPolling = false

  const poll = async (): Promise<void> => {
    isPolling = true
    try {
      const { runs, isOther, position } = await views.changes()
      for (const follower of followers) {
        if (isOther) follower.reload(position)
        else follower.push(runs, position)
      }
    } catch (error) {
      parts.logger.warn({ code: codeOf(error) }, 'what changes in the list of runs cannot be read')
    }
    isPolling = false
    arm()
  }
  const arm = (): void => {
    if (disarm === undefined && !isPolling && followers.size > 0)
      disarm = parts.clock.setTimer(EVERY_MS, () => {
        disarm = undefined
        void poll()
      })
  }

  const leave = (follower: Follower): void => {
    followers.delete(follower)
    if (followers.size > 0) return
    disarm?.()
    disarm = undefined
    views.forget()
  }

  async function* changesFor(follower: Follower, { tenant, after, withCounts }: Following): AsyncGenerator<Change> {
    const begun = await views.begin()
    const position = begun?.position ?? 0
    arm()
    yield { kind: 'begin', log: begun?.log ?? null, position }
    yield* missed(parts, { tenant, after }, position)
    for (;;) {
      if (withCounts) yield { kind: 'counts', counts: await views.counts(tenant) }
      const change = await follower.next(withCounts)
      if (change === undefined) return
      if (change !== 'time') yield change
    }
  }

  return {
    async *follow(options, signal) {
      const follower = createFollower(options.tenant, parts.clock, signal)
      // Before it is told where it begins, so that nothing falls between.
      followers.add(follower)
      try {
        yield* changesFor(follower, options)
      } finally {
        leave(follower)
      }
    },
  }
}

/** Since the end of an earlier connection. */
async function* missed(
  { refold, clock }: Parts,
  { after, tenant }: Omit<Following, 'withCounts'>,
  position: number,
): AsyncGenerator<Change> {
  if (after === undefined) return
  const runs = await refold.views.changed({ after, tenant, limit: MOST_ROWS + 1 }, clock.now())
  if (after > position || runs.length > MOST_ROWS) yield { kind: 'reload', position }
  else if (runs.length > 0) yield { kind: 'rows', runs, position }
}

interface PolledViews {
  /** Where they stand: as of now for the first who asks, for others as of the last time. */
  begin(): Promise<Checkpoint | undefined>
  /** Nobody looks any more: whoever asks next is the first. */
  forget(): void
  /** Since the last time; `isOther`: they are not those of before. */
  changes(): Promise<{ readonly runs: readonly FoundRun[]; readonly position: number; readonly isOther: boolean }>
  /** As of the last time. */
  counts(tenant: string | undefined): Promise<RunCounts>
}

const polledViews = ({ refold, clock, logger }: Parts): PolledViews => {
  const { views } = refold
  let known: Checkpoint | undefined
  let beginning: Promise<unknown> | undefined
  const counted = new Map<string | undefined, Counted>()
  let looks = 0
  // Rows beyond the checkpoint that were handed out, by run, with their position.
  let ahead = new Map<string, number>()

  const look = async (): Promise<Checkpoint | undefined> => {
    await catchUpIfPossible({ refold, logger })
    looks += 1
    return views.checkpoint()
  }
  return {
    async begin() {
      beginning ??= look().then((checkpoint) => {
        known = checkpoint
        ahead = new Map()
      })
      await beginning.catch((error: unknown) => {
        beginning = undefined
        throw error
      })
      return known
    },
    forget() {
      beginning = undefined
    },
    async changes() {
      const before = known
      known = await look()
      const position = known?.position ?? 0
      if (before !== undefined && (known?.log !== before.log || position < before.position)) {
        ahead = new Map()
        return { runs: [], position, isOther: true }
      }
      const found = await views.changed({ after: before?.position ?? 0, limit: MOST_ROWS + 1 }, clock.now())
      const runs = found.filter(({ row }) => ahead.get(row.runId) !== row.position)
      ahead = new Map(found.flatMap(({ row }) => (row.position > position ? [[row.runId, row.position]] : [])))
      return { runs, position, isOther: found.length > MOST_ROWS }
    },
    async counts(tenant) {
      const known = counted.get(tenant)
      if (known !== undefined && (known.look === looks || clock.now() < known.goodUntil)) return known.counts
      const begun = clock.now()
      const counting: Counted = { look: looks, goodUntil: Infinity, counts: views.count(tenant === undefined ? {} : { tenant }, begun) }
      if (counted.size >= MOST_TENANTS) counted.clear()
      counted.set(tenant, counting)
      try {
        const counts = await counting.counts
        counting.goodUntil = clock.now() + COUNTING_SHARE * (clock.now() - begun)
        return counts
      } catch (error) {
        counted.delete(tenant)
        throw error
      }
    },
  }
}

/** Of one tenant, or of all runs. */
interface Counted {
  /** The look at the views that they are of. */
  readonly look: number
  /** They are kept longer where it takes long to count. */
  goodUntil: number
  readonly counts: Promise<RunCounts>
}

interface Follower {
  push(runs: readonly FoundRun[], position: number): void
  reload(position: number): void
  /** `time`: it is time to count anew. Undefined once the signal is aborted. */
  next(countsAnew: boolean): Promise<Change | 'time' | undefined>
}

const createFollower = (tenant: string | undefined, clock: Clock, signal: AbortSignal): Follower => {
  let waiting = new Map<string, FoundRun>()
  let position = 0
  let hasToReload = false
  let wake = (): void => undefined

  const reload = (to: number): void => {
    waiting = new Map()
    position = to
    hasToReload = true
    wake()
  }
  const take = (): Change | undefined => {
    if (hasToReload) {
      hasToReload = false
      return { kind: 'reload', position }
    }
    if (waiting.size === 0) return undefined
    const runs = [...waiting.values()]
    waiting = new Map()
    return { kind: 'rows', runs, position }
  }
  return {
    reload,
    push(runs, to) {
      position = to
      for (const run of runs) if (tenant === undefined || run.row.tenant === tenant) waiting.set(run.row.runId, run)
      if (waiting.size > MOST_ROWS) reload(to)
      else if (waiting.size > 0) wake()
    },
    async next(countsAnew) {
      const known = signal.aborted ? undefined : take()
      if (known !== undefined || signal.aborted) return known
      const isTime = await new Promise<boolean>((resolve) => {
        const disarm = countsAnew ? clock.setTimer(COUNTED_ANEW_MS, () => resolve(true)) : (): void => undefined
        wake = () => {
          disarm()
          resolve(false)
        }
        signal.addEventListener('abort', wake, { once: true })
      })
      signal.removeEventListener('abort', wake)
      if (signal.aborted) return undefined
      return isTime ? 'time' : take()
    },
  }
}
