import { endedText } from '../events/ended-text.ts'
import { AppError, isAppError } from '../errors.ts'
import { streamOf } from '../events/codec.ts'
import type { ChartCommand, Command } from '../fold/decide.ts'
import type { RunState } from '../fold/run-state.ts'
import { sealWithoutChart } from '../fold/seal.ts'
import { present } from '../present.ts'
import type { WishOrigin } from './batch.ts'
import type { ChildRuns } from './child-runs.ts'
import { commandOnce } from './command-job.ts'
import type { Job } from './job.ts'
import { moveOnce, type Move, type MoverParts } from './move-run.ts'
import { isOutage } from './retry-pause.ts'
import type { RuntimeParts } from './runtime-parts.ts'
import { standingOfUnfolded, type RunStanding } from './run-standing.ts'
import { isWithoutCode, readUnfolded, type UnfoldedRun } from './unfolded-run.ts'

const MOST_CONFLICTS = 100

type Cancel = Extract<Command, { type: 'cancel' }>

export interface GrantParts {
  readonly submit: (runId: string, job: Job) => Promise<RunState>
  readonly children: Pick<ChildRuns, 'checkWaitedFor'>
  /** Sees to what a run owes. */
  readonly wake: (runId: string) => Promise<RunState>
  readonly current: (runId: string) => Promise<RunState>
}

type Granted = (runId: string, command: Command, wish: WishOrigin) => Promise<RunState | RunStanding>

/**
 * Grants wishes by the charts of a run; a run whose code is gone or was changed is cancelled without them, which is the one wish that needs none.
 * Rejects with what they refuse it for, and with what the log says.
 */
export const createGrant = (actors: MoverParts, granting: GrantParts): Granted => {
  const { parts } = actors
  const byCharts = grantByCharts(parts, granting)
  const cancel = async (runId: string, command: Cancel, wish: WishOrigin): Promise<RunState | RunStanding> => {
    try {
      return await byCharts(runId, command, wish)
    } catch (error) {
      if (!isWithoutCode(error)) throw error
      const { children, standing } = await cancelWithoutCharts(parts, { runId, command, wish })
      const reason = `${runId} was cancelled: ${command.reason}`
      // It is granted, whatever can be reached behind it: a run below that is open still is ended by whoever looks at it next.
      for (const child of children.values()) await cancelChild(child, reason).catch(unlessAway)
      return await readUnfolded(parts, runId).then(standingOfUnfolded, (error: unknown) => {
        unlessAway(error)
        return standing
      })
    }
  }
  const cancelChild = async (runId: string, reason: string): Promise<void> => {
    try {
      await cancel(runId, { type: 'cancel', by: 'refold', reason }, {})
    } catch (error) {
      // It has ended, or has never begun: whoever begins it looks at its parent.
      if (!isAppError(error, 'NotPossible') && !isAppError(error, 'RunNotFound')) throw error
    }
  }
  const moveOn = async (runId: string, command: Move, wish: WishOrigin): Promise<RunState> => {
    const moved = await moveOnce(actors, { runId, command, wish, current: granting.current })
    // The wish is granted, and a sweep sees to what is owed as well.
    return granting.wake(runId).catch(() => moved)
  }
  return (runId, command, wish) => {
    if (command.type === 'move') return moveOn(runId, command, wish)
    return command.type === 'cancel' ? cancel(runId, command, wish) : byCharts(runId, command, wish)
  }
}

const grantByCharts =
  (parts: RuntimeParts, { submit, children, current }: GrantParts) =>
  async (runId: string, command: ChartCommand, wish: WishOrigin): Promise<RunState> => {
    if (command.type === 'reopen') {
      const run = await current(runId)
      const isNew = !run.commandIds.has(wish.commandId ?? '')
      if (run.status === 'failed' && isNew) await children.checkWaitedFor(run)
    }
    return commandOnce(parts, submit, { runId, command, wish })
  }

interface Cancelled {
  readonly runId: string
  readonly command: Cancel
  readonly wish: WishOrigin
}

/** Throws what is no outage of the log. */
const unlessAway = (error: unknown): void => {
  if (!isOutage(error)) throw error
}

interface CancelledRun extends Pick<UnfoldedRun, 'children'> {
  readonly standing: RunStanding
}

/** What others append meanwhile shows as a conflict. */
const cancelWithoutCharts = async (parts: RuntimeParts, { runId, command, wish }: Cancelled): Promise<CancelledRun> => {
  for (let conflicts = 0; conflicts < MOST_CONFLICTS; conflicts++) {
    const run = await readUnfolded(parts, runId)
    const { children } = run
    const before = standingOfUnfolded(run)
    if (wish.commandId !== undefined && run.commandIds.has(wish.commandId)) return { children, standing: before }
    if (run.status !== 'active')
      throw new AppError('NotPossible', `${runId} ${endedText(run.status)}`, { details: { runId, command: 'cancel' } })
    try {
      await parts.log.append(streamOf(runId), run.newest.revision, [sealed(parts, run, { runId, command, wish })])
      const { revision } = run.newest
      return { children, standing: { ...before, revision: revision + 1, status: 'cancelled', state: 'cancelled', waitsFor: null } }
    } catch (error) {
      if (!isAppError(error, 'EventLogConflict')) throw error
    }
  }
  throw new AppError('EventLogConflict', `${runId} was changed by others ${MOST_CONFLICTS} times in a row`, { retryable: true })
}

const sealed = ({ ids, clock }: RuntimeParts, { newest }: UnfoldedRun, { command, wish }: Cancelled) =>
  sealWithoutChart(newest.meta, command, {
    ...present(wish),
    actor: command.by,
    runId: newest.runId,
    id: ids.uuid(),
    at: clock.now(),
    agent: newest.meta.agent,
    correlationId: newest.meta.correlationId,
  })
