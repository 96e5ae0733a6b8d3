import type { Clock } from '../clock.ts'
import { messageOf, isAppError, type ErrorCode } from '../errors.ts'
import { isOutage } from '../runtime/retry-pause.ts'
import { PAYLOAD_GRACE_MS, type Eraser } from '../runtime/erase.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { Notice } from '../runtime/notices.ts'
import { claimTypes } from '../projections/open-work.ts'
import type { RunRow } from '../projections/run-index.ts'
import type { ViewStore } from '../views/view-store.ts'
import { nextTurn } from './batches.ts'
import { createParentLooks, waitsForChildren, type ParentLooks } from './parent-looks.ts'
import type { Pace, Projector } from './projector.ts'
import { familyOf } from './run-family.ts'

export interface SweepCounts {
  /** That came to their end, since the start. */
  readonly sweeps: number
  /** That the last of them found due. */
  readonly due: number
  /** That the last of them left to others, since their code is not here. */
  readonly left: number
}

/** Wakes the runs that time or a lost owner has left behind, so that recovery depends on nobody's memory. */
export interface Sweeper {
  /**
   * Looks at every run that has work open, due or not: what was claimed by a process that is gone cannot wait for its lease. What waits for
   * a time alone, as most open approvals do, is taken from the views, and looked at when its time has come.
   */
  recover(): Promise<void>
  /** Recovers at once, unless that was done, and then sweeps what is due, again and again, until the signal. */
  run(signal: AbortSignal): void
  counts(): SweepCounts
}

export interface SweeperParts {
  readonly projector: Projector
  readonly views: ViewStore
  readonly runtime: Pick<Runtime, 'wake' | 'wakeAt'>
  /** Goes on with deletions that were cut off, and with those that wait for their payloads. */
  readonly eraser?: Pick<Eraser, 'finish'>
  /** Seen to once, when the views are up to the log for the first time. */
  readonly caughtUp?: () => Promise<void>
  /** What is seen to every few minutes, beside the runs. */
  readonly chores?: () => Promise<void>
  readonly clock: Clock
  readonly intervalMs: number
  readonly notify: (notice: Notice) => void
}

const RUNS_AT_ONCE = 64
const ALL = 1_000_000
const CHORES_EVERY_MS = 600_000

/** While runs are taken up again, the views can wait. */
const LEISURELY: Pace = { turns: 16 }

export const createSweeper = (given: SweeperParts): Sweeper => {
  const { projector, views, runtime, eraser, chores, clock, intervalMs, notify } = given
  let counts: SweepCounts = { sweeps: 0, due: 0, left: 0 }
  // What was told of runs that could not be woken: a sweep that finds the same again says nothing.
  let told: ReadonlyMap<string, string> = new Map()
  const leftRuns = createLeftRuns(clock, notify)

  const sweep = async (dueBy: number, signal?: AbortSignal): Promise<void> => {
    const woken = hasRecovered ? NONE : await takeOver({ projector, views, runtime }, signal)
    await projector.catchUp(hasRecovered ? undefined : LEISURELY)
    if (!hasRecovered) await given.caughtUp?.()
    // All of them: a page would hide what has become due behind runs that wait for others and are always due.
    const rows = (await views.due(dueBy, ALL)).filter(({ runId }) => !woken.has(runId))
    const broken = new Map<string, string>()
    await inLanes(await toSee({ views, runtime, clock, parents }, rows), signal, (row) => see(row, broken))
    told = broken
    counts = { sweeps: counts.sweeps + 1, due: rows.length, left: leftRuns.tell() }
  }

  const finishing = finisher(eraser, clock)
  const seeToChores = everyFewMinutes(chores, clock)
  const parents = createParentLooks(clock, intervalMs)
  let hasRecovered = false

  const sweepOnce = async (signal?: AbortSignal): Promise<void> => {
    await sweep(hasRecovered ? clock.now() : Number.MAX_SAFE_INTEGER, signal)
    hasRecovered = true
  }

  const see = (row: RunRow, broken: Map<string, string>): Promise<void> =>
    row.status === 'deleted' ? finish(row.runId, broken) : wake(row, broken)

  const finish = async (runId: string, broken: Map<string, string>): Promise<void> => {
    try {
      await finishing(runId)
    } catch (error) {
      const message = messageOf(error)
      broken.set(runId, message)
      if (told.get(runId) !== message) notify({ type: 'sweepFailed', message })
    }
  }

  // One run that cannot be woken (its agent is not known here, its chart has changed) must not keep the others asleep.
  // One that the log does not take now is woken by a later sweep.
  const wake = async (row: RunRow, broken: Map<string, string>): Promise<void> => {
    try {
      await runtime.wake(row.runId)
      if (waitsForChildren(row)) parents.looked(row)
    } catch (error) {
      if (isOutage(error) || leftRuns.note(row, error)) return
      const message = messageOf(error)
      broken.set(row.runId, message)
      if (told.get(row.runId) !== message) notify({ type: 'runBroken', runId: row.runId, message })
    }
  }

  return {
    recover() {
      hasRecovered = false
      parents.forget()
      return sweepOnce()
    },
    counts: () => counts,
    run(signal) {
      const work = (): Promise<void> => sweepOnce(signal).then(seeToChores)
      const failed = (error: unknown): void => notify({ type: 'sweepFailed', message: messageOf(error) })
      repeat({ clock, intervalMs, signal, isLater: hasRecovered }, work, failed)
    },
  }
}

interface Repetition {
  readonly clock: Clock
  readonly intervalMs: number
  readonly signal: AbortSignal
  /** Whether it begins after the first interval, or at once. */
  readonly isLater: boolean
}

/** Until the signal: what fails behind it is nobody's business any more. */
const repeat = ({ clock, intervalMs, signal, isLater }: Repetition, work: () => Promise<void>, failed: (error: unknown) => void): void => {
  const now = (): void => {
    void work()
      .catch((error: unknown) => {
        if (!signal.aborted) failed(error)
      })
      .finally(later)
  }
  const later = (): void => {
    if (signal.aborted) return
    signal.addEventListener('abort', clock.setTimer(intervalMs, now), { once: true })
  }
  if (isLater) later()
  else now()
}

/** So many at once, each in a turn of its own: a sweep of thousands does not hold up the process. */
const inLanes = async <Item>(
  items: readonly Item[],
  signal: AbortSignal | undefined,
  see: (item: Item) => Promise<void>,
): Promise<void> => {
  const left = items.values()
  const lane = async (): Promise<void> => {
    for (const item of left) {
      await nextTurn()
      if (signal?.aborted === true) return
      await see(item)
    }
  }
  await Promise.all(Array.from({ length: RUNS_AT_ONCE }, lane))
}

const NONE: ReadonlySet<string> = new Set()

/**
 * Begins with what a process was at when it ended, by the newest events and by the views as they were left: neither has to wait until the
 * views have taken in what that process has written. Returns the runs that were seen to.
 */
const takeOver = async (
  { projector, views, runtime }: Pick<SweeperParts, 'projector' | 'views' | 'runtime'>,
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<string>> => {
  const newest = await projector.newestBeyond()
  const claimed = [...newest].flatMap(([runId, type]) => (claimTypes.has(type) ? [runId] : []))
  const rows = await views.due(Number.MAX_SAFE_INTEGER, ALL)
  const claimedBefore = rows.filter((row) => isClaimed(row) && !newest.has(row.runId)).map(({ runId }) => runId)
  const woken = new Set<string>()
  await inLanes([...claimed, ...claimedBefore], signal, async (runId) => {
    // Whatever keeps it from being woken keeps it from being so in the sweep that follows, which tells of it.
    await runtime.wake(runId).then(
      () => woken.add(runId),
      () => undefined,
    )
  })
  return woken
}

const isClaimed = ({ status, owed }: RunRow): boolean => status === 'active' && Object.values(owed).some((until) => until > 0)

interface Leaving extends Pick<SweeperParts, 'views' | 'runtime' | 'clock'> {
  readonly parents: ParentLooks
}

/** All but those that wait for a time, or for a run that waits: they are left alone until it has come, and until that one says more. */
const toSee = async ({ views, runtime, clock, parents }: Leaving, rows: readonly RunRow[]): Promise<readonly RunRow[]> => {
  const now = clock.now()
  const others = rows.filter((row) => !waitsForChildren(row))
  const waiting = parents.due(rows.filter(waitsForChildren))
  const family = await familyOf(views, [...waiting, ...others.filter((row) => waitsForTime(row, now))])
  return [...others, ...waiting].filter((row) => {
    const isParent = waitsForChildren(row)
    const isIdle = isParent ? family.hasHeardAll(row) && firstTimer(row) > now : waitsForTime(row, now)
    if (!isIdle || !family.isWanted(row)) return true
    if (firstTimer(row) < Infinity) runtime.wakeAt(row.runId, firstTimer(row))
    if (isParent) parents.looked(row)
    return false
  })
}

const firstTimer = ({ timers }: RunRow): number => Math.min(...Object.values(timers))

/** It owes nothing, and its time has not come. */
const waitsForTime = ({ owed, attentionAt, status }: RunRow, now: number): boolean =>
  status === 'active' && attentionAt !== null && attentionAt > now && Object.keys(owed).length === 0

/** A deletion that is not done waits for payloads that were put lately: looking for them costs a pass over the log. */
const finisher = (eraser: SweeperParts['eraser'], clock: Clock): ((runId: string) => Promise<void>) => {
  const waiting = new Map<string, number>()
  return async (runId) => {
    if (eraser === undefined || (waiting.get(runId) ?? 0) > clock.now()) return
    if (await eraser.finish(runId)) waiting.delete(runId)
    else waiting.set(runId, clock.now() + PAYLOAD_GRACE_MS)
  }
}

const everyFewMinutes = (chores: SweeperParts['chores'], clock: Clock): (() => Promise<void>) => {
  let nextAt = 0
  return async () => {
    if (chores === undefined || clock.now() < nextAt) return
    nextAt = clock.now() + CHORES_EVERY_MS
    await chores()
  }
}

/** Runs that a process leaves to others, since it lacks their code: an old one beside newer runs meets some at every sweep. */
interface LeftRuns {
  /** False where the error says something else. */
  note(row: RunRow, error: unknown): boolean
  /** At the end of a sweep: tells of each agent once, and then every few minutes how many runs of it there are. Returns how many in all. */
  tell(): number
}

const TOLD_EVERY_MS = 600_000
const LACKS_CODE: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['UnknownAgent', 'ChartChanged', 'UnknownEvent'])

type Left = Omit<Extract<Notice, { type: 'runsLeft' }>, 'type'>

const createLeftRuns = (clock: Clock, notify: (notice: Notice) => void): LeftRuns => {
  const toldAt = new Map<string, number>()
  let found = new Map<string, Left>()
  return {
    note({ runId, agent, agentVersion }, error) {
      if (!isAppError(error) || !LACKS_CODE.has(error.code)) return false
      const name = `${agent}@${agentVersion}`
      const kind = `${error.code} ${name}`
      const before = found.get(kind)
      const first = before ?? { agent: name, code: error.code, runId, message: messageOf(error), runs: 0 }
      found.set(kind, { ...first, runs: first.runs + 1 })
      return true
    },
    tell() {
      for (const [kind, left] of found) {
        if (clock.now() < (toldAt.get(kind) ?? Number.NEGATIVE_INFINITY) + TOLD_EVERY_MS) continue
        toldAt.set(kind, clock.now())
        notify({ type: 'runsLeft', ...left })
      }
      const all = [...found.values()].reduce((sum, { runs }) => sum + runs, 0)
      found = new Map()
      return all
    },
  }
}
