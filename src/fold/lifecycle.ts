import type { RunEvent } from '../events/envelope.ts'
import { present } from '../present.ts'
import type { RunState } from './run-state.ts'

/** Operators may pause and cancel a run of any chart, so no chart has to provide for it. */
export const lifecycle = (event: RunEvent): Partial<RunState> => {
  switch (event.type) {
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

/** What a failed attempt leaves to the next ones of its call. */
export const noteRetry = ({ retried }: RunState, event: RunEvent): Pick<RunState, 'retried'> => {
  if (event.type !== 'ModelCallFailed') return {}
  const { callId, failingSince, maxOutputTokens } = event.data
  if (failingSince === undefined && maxOutputTokens === undefined) return {}
  return { retried: { ...(retried?.callId === callId && retried), callId, ...present({ failingSince, maxOutputTokens }) } }
}
