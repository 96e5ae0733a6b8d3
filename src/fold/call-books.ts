import { withEntry, withoutKey } from '../entries.ts'
import type { RunEvent } from '../events/envelope.ts'
import type { Json } from '../json.ts'
import type { CallToolParams } from '../machines/intents.ts'
import { present } from '../present.ts'
import type { OpenCall, RunState } from './run-state.ts'

// What is known of the calls and questions of a run beside their charts.

/** As a chart wishes it. */
export const openCall = ({
  tool,
  argumentsText,
  input = {},
}: CallToolParams): Pick<OpenCall, 'tool' | 'argumentsText' | 'given' | 'input'> => {
  if (argumentsText !== undefined) return { tool, argumentsText }
  return { tool, given: input as Json, input: input as Json }
}

/** What a person was asked about, or what a tool got, is what every later attempt gets: as it was checked, not as it was wished. */
export const noteCall = ({ calls, restored }: Pick<RunState, 'calls' | 'restored'>, event: RunEvent): RunState['calls'] => {
  if (event.type === 'RunRestored')
    return calls.size === 0 ? calls : new Map([...calls].map(([callId, call]) => [callId, inDoubtAgain(call)]))
  const call = 'callId' in event.data && event.data.callId !== undefined ? calls.get(event.data.callId) : undefined
  const noted = call === undefined ? undefined : notedCall(call, event, restored !== undefined)
  return noted === undefined ? calls : withEntry(calls, (event.data as { callId: string }).callId, noted)
}

const inDoubtAgain = ({ lookedUp: _, ...call }: OpenCall): OpenCall => call

const notedCall = (call: OpenCall, event: RunEvent, isRestored: boolean): OpenCall | undefined => {
  switch (event.type) {
    case 'ApprovalRequested':
      return event.data.subject.input === undefined ? undefined : { ...call, input: event.data.subject.input }
    case 'ToolCallRequested': {
      const { input, idempotencyKey, act, effect, attempt, lookUpFirst } = event.data
      return { ...call, input, idempotencyKey, attempt, ...present({ act, effect }), ...(lookUpFirst && { lookUpFirst: attempt }) }
    }
    case 'ToolCallUnresolved':
      return isRestored ? { ...call, lookedUp: true } : undefined
    case 'ToolCallFailed':
      return event.data.happened === 'no' ? { ...call, didNothing: event.data.attempt } : undefined
    default:
      return undefined
  }
}

export const noteApproval = (approvals: RunState['approvals'], event: RunEvent): RunState['approvals'] => {
  switch (event.type) {
    case 'ApprovalRequested':
      return withEntry(approvals, event.data.callId, event.data)
    case 'ApprovalGranted':
    case 'ApprovalDenied':
    case 'ToolCallDenied':
      return withoutKey(approvals, event.data.callId)
    default:
      return approvals
  }
}
