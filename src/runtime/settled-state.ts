import { AppError, isAppError, isUnavailable } from '../errors.ts'
import { streamOf } from '../events/codec.ts'
import type { RunState } from '../fold/run-state.ts'
import { isQuiescent, waitingBelow, waitsFor } from '../fold/standing.ts'
import { present } from '../present.ts'
import { isWithoutCode } from './code/code-errors.ts'
import { untilAborted } from './deadline.ts'
import type { RuntimeParts } from './runtime-parts.ts'
import type { Runtime } from './runtime.ts'

interface WatchedRun {
  readonly parts: Pick<RuntimeParts, 'log' | 'clock'>
  readonly runtime: Runtime
  readonly runId: string
  readonly signal: AbortSignal | undefined
}

/** The state once nothing goes on by itself. Rejects with `Closed` where the signal, or the end of this process, comes first. */
export const settledState = async (
  { parts, runtime, runId }: Omit<WatchedRun, 'signal'>,
  signal: AbortSignal | undefined,
): Promise<RunState> => {
  const givenUp = `Waiting for ${runId} was given up before it had settled`
  const current = (): Promise<RunState> => untilAborted(runtime.current(runId), signal, givenUp)
  const isAtRest = async (state: RunState): Promise<boolean> => isQuiescent(state) && (await isUpToDate(runtime, state))
  const now = await current()
  if (await isAtRest(now)) return now
  for await (const reached of laterStates({ parts, runtime, runId, signal }, now.revision, givenUp)) {
    if (!isQuiescent(reached) || !(await isAtRest(reached))) continue
    // Others may have gone on since.
    const newest = await current()
    if (newest.revision === reached.revision || (await isAtRest(newest))) return newest
  }
  throw new AppError('Closed', givenUp)
}

/** Those that are met, each newer than the one before: some may be left out. */
async function* laterStates(run: WatchedRun, after: number, givenUp: string): AsyncGenerator<RunState> {
  let seen = after
  const isNews = ({ revision }: Pick<RunState, 'revision'>): boolean => {
    if (revision <= seen) return false
    seen = revision
    return true
  }
  for (;;) {
    for await (const state of statesHere(run, seen)) if (isNews(state)) yield state
    try {
      for await (const state of statesByLog(run, seen, givenUp)) if (isNews(state)) yield state
      return
    } catch (error) {
      // What is under way here goes on once the log is there again.
      if (!isUnavailable(error) || !run.runtime.isPerforming(run.runId)) throw error
    }
  }
}

async function* statesByLog({ parts, runtime, runId, signal }: WatchedRun, after: number, givenUp: string): AsyncGenerator<RunState> {
  let seen = after
  for await (const item of parts.log.subscribe({ stream: streamOf(runId), after, ...present({ signal }) })) {
    if (item.kind !== 'event' || item.event.revision <= seen) continue
    const reached = await untilAborted(runtime.reach(runId, item.event.revision), signal, givenUp)
    seen = reached.revision
    yield reached
  }
}

/** So long a run may stand still that this process works on, before the log is asked what others do to it. */
const STANDSTILL_MS = 2_000

/** While this process works on the run and it moves: what comes of that it need not hear from the log. */
async function* statesHere({ parts, runtime, runId, signal }: WatchedRun, after: number): AsyncGenerator<RunState> {
  let newest: RunState | undefined
  let hasEnded = signal?.aborted === true
  let wake = (): void => undefined
  const end = (): void => {
    hasEnded = true
    wake()
  }
  const takeBack = runtime.watch(runId, (state) => {
    newest = state
    if (state === undefined) end()
    else wake()
  })
  const moved = (): Promise<void> =>
    new Promise((resolve) => {
      const disarm = parts.clock.setTimer(STANDSTILL_MS, resolve)
      wake = () => {
        disarm()
        resolve()
      }
    })
  signal?.addEventListener('abort', end)
  try {
    let seen = after
    while (!hasEnded && runtime.isPerforming(runId)) {
      if ((newest?.revision ?? -1) <= seen) await moved()
      const state = newest
      if (state === undefined || state.revision <= seen) return
      seen = state.revision
      yield state
    }
  } finally {
    takeBack()
    signal?.removeEventListener('abort', end)
  }
}

/** Whether those below a run still wait for whom it believes they do: it hears of it a moment later. */
const isUpToDate = async (runtime: Runtime, state: RunState): Promise<boolean> => {
  for (const [runId, whom] of waitingBelow(state)) {
    try {
      if (waitsFor(await runtime.current(runId)) !== whom) return false
    } catch (error) {
      // What this process cannot read, it cannot doubt.
      if (!isWithoutCode(error) && !isAppError(error, 'RunNotFound') && !isAppError(error, 'RunDeleted')) throw error
    }
  }
  return true
}
