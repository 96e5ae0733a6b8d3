import { AppError, isAppError, messageOf } from '../../errors.ts'
import type { Owed, RunState } from '../../fold/run-state.ts'
import type { Job } from '../actors/jobs.ts'
import { childRunId, type EndedRun } from '../../fold/child-report.ts'
import { isWithoutCode } from '../code/code-errors.ts'
import { readEnd } from '../reading/unfolded-run.ts'
import { isOutage } from '../retry-pause.ts'
import type { RuntimeParts } from '../runtime-parts.ts'

// A run outlives nobody who asked for it. The end of a parent is stored first, then its children are cancelled; a child is stored first, then
// its parent is looked at. So one of the two sees the other, whoever is faster, and what a process that died has left undone
// is done by whoever wakes the child: the views name it as due.

export interface UnwantedChildren {
  /** Cancels the runs that this one had asked for and no longer waits for. */
  release(parent: RunState, before: RunState | undefined): void
  /** Rejects with `NotPossible` where the run that asked for this one has gone on without it, and as `parentOf` does. */
  readonly checkWaitedFor: (child: RunState) => Promise<void>
  /**
   * The run that asked for this one, if it still waits for it. Otherwise undefined, and the child is cancelled.
   * Rejects with what the log says, and with `UnknownAgent` or `ChartChanged` where this process has not the code of a parent that is active.
   */
  parentOf(child: Pick<RunState, 'runId'> & { readonly started: Pick<RunState['started'], 'parent'> }): Promise<RunState | undefined>
}

export interface UnwantedChildrenParts {
  readonly parts: RuntimeParts
  readonly current: (runId: string) => Promise<RunState>
  readonly submit: (runId: string, job: Job) => Promise<RunState>
}

export const createUnwantedChildren = ({ parts, current, submit }: UnwantedChildrenParts): UnwantedChildren => {
  const cancel = async (childRunId: string, call: ParentCall, job: Cause): Promise<void> => {
    await submit(childRunId, cancelJob(call, job)).catch((error: unknown) => {
      // It has not begun, and will not: whoever begins it looks at its parent.
      if (isGone(error) || isOutage(error)) return
      parts.notify({ type: 'runBroken', runId: childRunId, message: messageOf(error) })
    })
  }

  /** Whether it has ended shows without its code; whether it still waits does not. */
  const parentOrEnd = async (runId: string): Promise<RunState | EndedRun | undefined> => {
    try {
      return await currentOrGone(current, runId)
    } catch (error) {
      if (!isWithoutCode(error)) throw error
      const ended = await readEnd(parts, runId)
      if (ended === undefined) throw error
      return ended
    }
  }

  return {
    release(parent, before) {
      for (const owed of before?.owed.values() ?? []) {
        if (!isChildCall(owed) || waitsFor(parent, owed.key)) continue
        void cancel(childRunId(parent.runId, owed), { runId: parent.runId, callId: owed.key }, causeIn(parent))
      }
    },
    async checkWaitedFor({ runId, started: { parent: call } }) {
      const parent = call === undefined ? undefined : await currentOrGone(current, call.runId)
      if (call === undefined || (parent !== undefined && waitsFor(parent, call.callId))) return
      const without = parent === undefined ? `${call.runId}, which asked for it, is gone` : causeIn(parent).reason
      throw new AppError('NotPossible', `${runId} cannot be reopened: ${without}, and has to begin what it wants anew`, {
        details: { runId, parent: call.runId },
      })
    },
    async parentOf({ runId, started: { parent: call } }) {
      if (call === undefined) return undefined
      const parent = await parentOrEnd(call.runId)
      if (parent !== undefined && 'chart' in parent && waitsFor(parent, call.callId)) return parent
      await cancel(runId, call, parent === undefined ? { reason: `${call.runId}, which asked for it, is gone` } : causeIn(parent))
      return undefined
    },
  }
}

interface ParentCall {
  readonly runId: string
  readonly callId: string
}

interface Cause {
  readonly reason: string
  readonly causationId?: string
}

const isChildCall = ({ intent }: Owed): boolean => intent === 'startChildRun'

const waitsFor = ({ status, owed }: RunState, callId: string): boolean =>
  status === 'active' && owed.get(callId)?.intent === 'startChildRun'

const causeIn = ({ runId, status, reason, lastEventId }: RunState | EndedRun): Cause => ({
  reason: `${runId} ${endings[status]}${reason === undefined || status === 'active' ? '' : `: ${reason}`}`,
  causationId: lastEventId,
})

const endings: Readonly<Record<RunState['status'], string>> = {
  active: 'no longer waits for it',
  completed: 'has completed without it',
  failed: 'has failed',
  cancelled: 'was cancelled',
}

/** Of this very call: a run that only has the id of a child is left alone. */
const cancelJob = (call: ParentCall, { reason, causationId }: Cause): Job => ({
  insistent: true,
  decide: (state) => {
    const parent = state?.started.parent
    const isTheirs = parent?.runId === call.runId && parent.callId === call.callId
    return {
      facts: isTheirs && state?.status === 'active' ? [{ type: 'RunCancelled', data: { by: 'refold', reason } }] : [],
      anyway: true,
      ...(causationId === undefined ? {} : { causationId }),
    }
  },
})

/** Whether there is nothing to go on with: the run is not there, or was deleted. */
export const isGone = (error: unknown): boolean => isAppError(error, 'RunNotFound') || isAppError(error, 'RunDeleted')

export const currentOrGone = async (current: (runId: string) => Promise<RunState>, runId: string): Promise<RunState | undefined> => {
  try {
    return await current(runId)
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
}
