import type { RunEvent } from '../events/envelope.ts'
import type { CodeOfRun } from '../events/run-events.ts'
import { present } from '../present.ts'
import { afterPause } from '../projections/budget.ts'
import type { RunState } from './run-state.ts'

/** Operators may pause and cancel a run of any chart, so no chart has to provide for it. */
export const lifecycle = (before: RunState, event: RunEvent): Partial<RunState> => ({
  ...changedBy(before, event),
  ...noteRetry(before, event),
  ...noteRestore(before, event),
})

const changedBy = (before: RunState, event: RunEvent): Partial<RunState> => {
  switch (event.type) {
    case 'RunMoved':
      return moved(before, event)
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
    default:
      return {}
  }
}

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

/** From here on the run is another than the one that went on from the copy. */
const noteRestore = ({ places }: RunState, event: RunEvent): Pick<RunState, 'restored'> =>
  event.type === 'RunRestored' ? { restored: { restoreId: event.data.restoreId, turn: places.turn, at: event.meta.at } } : {}

/** What a failed attempt leaves to the next ones of its call. */
const noteRetry = ({ retried }: RunState, event: RunEvent): Pick<RunState, 'retried'> => {
  if (event.type !== 'ModelCallFailed') return {}
  const { callId, failingSince, maxOutputTokens } = event.data
  if (failingSince === undefined && maxOutputTokens === undefined) return {}
  return { retried: { ...(retried?.callId === callId && retried), callId, ...present({ failingSince, maxOutputTokens }) } }
}
