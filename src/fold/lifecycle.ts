import type { RunEvent } from '../events/envelope.ts'
import type { CodeOfRun, DataOf } from '../events/run-events.ts'
import { present } from '../present.ts'
import { afterPause } from '../projections/budget.ts'
import type { RunState, Owed } from './run-state.ts'

/** Operators may pause and cancel a run of any chart, so no chart has to provide for it. */
export const lifecycle = (before: RunState, event: RunEvent): Partial<RunState> => {
  switch (event.type) {
    case 'RunMoved':
      return moved(before, event)
    case 'RunTakenOver':
      return { takenOver: { by: event.data.by, at: event.meta.at, ...present({ note: event.data.note }) } }
    case 'RunReturned':
    case 'RunReleased':
    // Nobody has taken the fork over.
    case 'RunForked':
      return before.takenOver === undefined ? {} : { takenOver: undefined }
    case 'RunPaused':
      return { paused: true }
    case 'RunResumed':
      return { paused: false }
    case 'RunCompleted':
      return { status: 'completed', ...(event.data.output === undefined ? {} : { output: event.data.output }) }
    case 'RunFailed':
      return { status: 'failed', reason: event.data.reason }
    case 'RunCancelled':
      return { status: 'cancelled', reason: event.data.reason }
    case 'OutputAccepted':
      return event.data.output === undefined ? {} : { output: event.data.output }
    case 'ModelCallFailed':
      return retriedAfter(before, event.data)
    case 'RunRestored':
      // From here on the run is another than the one that went on from the copy.
      return { restored: { restoreId: event.data.restoreId, turn: before.places.turn, at: event.meta.at } }
    default:
      return UNCHANGED
  }
}

const UNCHANGED = {}

/** The time until it is reopened counts for nothing, as that before. */
const moved = (
  { started, beforeFailure: was, at }: RunState,
  { revision, data, meta }: Extract<RunEvent, { type: 'RunMoved' }>,
): Partial<RunState> => ({
  movedAt: revision,
  started: onCode(started, data),
  ...(was === undefined ? {} : { beforeFailure: { ...was, budget: afterPause(was.budget, meta.at - at) } }),
})

/** What a run began with, but for the code that it has moved to. */
export const onCode = <Started extends CodeOfRun>({ definition: _, instructions: __, ...started }: Started, code: CodeOfRun) => {
  const { agent, agentVersion, chartHash, definition, instructions } = code
  return { ...started, agent, agentVersion, chartHash, ...present({ definition, instructions }) }
}

/** What a failed attempt leaves to the next ones of its call. */
const retriedAfter = (
  { retried }: RunState,
  { callId, failingSince, maxOutputTokens }: DataOf<'ModelCallFailed'>,
): Pick<RunState, 'retried'> => {
  if (failingSince === undefined && maxOutputTokens === undefined) return UNCHANGED
  return { retried: { ...(retried?.callId === callId && retried), callId, ...present({ failingSince, maxOutputTokens }) } }
}

/** The owner of a claim that nobody performs any more. No process has this name. */
export const NOBODY = 'nobody'

/** Refold itself has failed it, for a defect of its agent's code: once that is repaired, it can go on. */
export const isReopenable = ({ status, beforeFailure }: RunState): boolean => status === 'failed' && beforeFailure !== undefined

/** What may follow where Refold itself has failed a run. */
export const mends = (before: RunState, { type }: Pick<RunEvent, 'type'>): boolean =>
  (type === 'RunReopened' || type === 'RunMoved') && isReopenable(before)

/**
 * The run as it stood before it was failed, at the place of the event. Whoever performed something for it has ended: what was claimed is
 * taken over, as after a crash; timers are set anew, for the same time.
 */
export const reopened = (failed: RunState, noted: RunState, { meta }: RunEvent): RunState => {
  const { beforeFailure: was, reason: _, output: __, ...rest } = noted
  if (was === undefined) return noted
  return {
    ...rest,
    status: 'active',
    paused: was.paused,
    chart: was.chart,
    calls: was.calls,
    owed: new Map([...was.owed].map(([key, owed]) => [key, owed.status === 'claimed' ? letGo(owed) : owed])),
    approvals: was.approvals,
    timers: new Map([...was.timers].map(([key, { dueAt: ___, ...timer }]) => [key, timer])),
    budget: afterPause(was.budget, meta.at - failed.at),
    transcript: was.transcript,
    ...(was.output === undefined ? {} : { output: was.output }),
  }
}

const letGo = ({ owner, formerOwner, ...owed }: Owed): Owed => ({
  ...owed,
  owner: NOBODY,
  leaseUntil: 0,
  ...present({ formerOwner: owed.intent === 'lookUp' ? formerOwner : owner }),
})
