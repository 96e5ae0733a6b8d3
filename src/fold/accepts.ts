import type { RunFact } from '../events/run-events.ts'
import { saidText } from '../machines/chart-event.ts'
import { acceptsCorrection } from './doubts.ts'
import { spentAt } from './fold.ts'
import { timerById } from './ledger.ts'
import { isReopenable } from './lifecycle.ts'
import type { Owed, RunState } from './run-state.ts'

/**
 * Whether this fact may be recorded next. A result of work that is not open, a second answer to an approval,
 * a timer that was taken back: all of these are refused here, before they reach the log.
 */
export const accepts = (state: RunState, fact: RunFact, at: number): boolean => {
  if (fact.type === 'RunReopened') return isReopenable(state)
  if (fact.type === 'ToolCallCorrected') return acceptsCorrection(state, fact.data)
  if (fact.type === 'RunScored') return true
  if (state.status !== 'active') return false
  if (fact.type === 'RunForked') return state.fork !== undefined && state.fork.own === undefined
  switch (fact.type) {
    case 'RunPaused':
      return !state.paused
    case 'RunResumed':
      return state.paused
    case 'RunCancelled':
      return true
    case 'RunTakenOver':
      return mayTakeOver(state, fact.data)
    case 'RunReleased':
      return state.takenOver !== undefined
    case 'TimerFired':
      return timerById(state.timers, fact.data.timerId)?.[1].dueAt !== undefined
    case 'ApprovalGranted':
      return approvalHolds(state, fact.data, at)
    case 'ApprovalDenied':
      return state.approvals.has(fact.data.callId)
    default:
      return acceptsResult(state, fact) ?? takes(state, fact, at)
  }
}

/** From nobody, or from whoever has it. */
const mayTakeOver = ({ takenOver }: RunState, { by, from }: { readonly by: string; readonly from?: string | undefined }): boolean =>
  takenOver?.by === from && from !== by

/** A grant is for exactly what was asked, and in time. */
const approvalHolds = (state: RunState, { callId, digest }: { callId: string; digest: string }, at: number): boolean => {
  const asked = state.approvals.get(callId)
  return asked !== undefined && asked.digest === digest && at < asked.expiresAt
}

/** Undefined where the fact is no result of owed work. */
const acceptsResult = (state: RunState, fact: RunFact): boolean | undefined => {
  switch (fact.type) {
    case 'ModelCallSucceeded':
    case 'ModelCallFailed':
      return isClaimed(state.owed.get(fact.data.callId), fact.data.attempt)
    case 'ToolCallSucceeded':
    case 'ToolCallFailed': {
      const owed = state.owed.get(fact.data.callId)
      // Where nobody knows what happened, the late word of the one who did it is the best there is.
      return isClaimed(owed, fact.data.attempt) || (owed?.intent === 'lookUp' && owed.attempt === fact.data.attempt)
    }
    case 'ToolCallUnresolved': {
      const owed = state.owed.get(fact.data.callId)
      return owed?.intent !== 'lookUp' && isClaimed(owed, fact.data.attempt)
    }
    case 'ToolCallLookupRequested':
      return isLookedUp(state.owed.get(fact.data.callId))
    case 'ChildRunReported':
      return state.budget.children.has(fact.data.callId)
    case 'ChildRunSucceeded':
    case 'ChildRunFailed':
      return state.owed.get(fact.data.callId)?.intent === 'startChildRun'
    case 'RunEscalated':
      return fact.data.callId === undefined ? undefined : isLookedUp(state.owed.get(fact.data.callId))
    default:
      return undefined
  }
}

const isLookedUp = (owed: Owed | undefined): boolean => owed?.intent === 'lookUp' && owed.status !== 'parked'

const isClaimed = (owed: Owed | undefined, attempt: number): boolean => owed?.status === 'claimed' && owed.attempt === attempt

/** Whether the run's own chart has a use for it where it stands. */
export const takes = (state: RunState, fact: RunFact, at: number): boolean =>
  state.chart.can({
    ...fact.data,
    type: fact.type,
    at,
    revision: state.revision + 1,
    spent: spentAt(state.budget, at),
    ...saidText(fact),
  })
