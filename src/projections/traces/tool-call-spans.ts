import { begin, end, note, turnAt, type Ending, type OpenTrace } from './open-trace.ts'
import { hearResult, valueContent } from './said-in-turn.ts'
import type { RunEvent } from '../../events/envelope.ts'
import type { SpansOf } from './spans-of.ts'

// A tool call is one span, from the first attempt to its last word. A call that never reached its tool is a span of no length.

const keyOf = (callId: string): string => `tool ${callId}`

/** As the model called the tool, unless the call names it itself. */
const beginningOf = (trace: OpenTrace, callId: string, tool?: string, effect?: string) => {
  const asked = trace.askedCalls.get(callId)
  const name = tool ?? asked?.tool
  return {
    name: name === undefined ? 'execute_tool' : `execute_tool ${name}`,
    attributes: {
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': name ?? 'unknown',
      'gen_ai.tool.call.id': asked?.id ?? callId,
      'gen_ai.tool.type': 'function',
      'refold.call_id': callId,
      'refold.tool.effect': effect,
    },
  }
}

type OfCall = Extract<RunEvent, { readonly data: { readonly callId: string } }>

/** The last word on a call, whether or not it has begun. */
const settle = (trace: OpenTrace, event: OfCall, ending: Ending): void => {
  const { callId } = event.data
  const key = keyOf(callId)
  if (!trace.spans.has(key)) turnAt(trace, event).toolCalls += 1
  end(trace, `approval ${callId}`, event, {
    attributes: { 'refold.approval.decision': event.type === 'ToolCallDenied' ? 'denied' : 'withdrawn' },
  })
  end(trace, `human ${callId}`, event, { attributes: { 'refold.outcome': 'settled' } })
  end(trace, key, event, { ...ending, otherwise: beginningOf(trace, callId) })
}

export const toolCallSpans: SpansOf<
  | 'ToolCallQueued'
  | 'ToolCallRequested'
  | 'ToolCallSucceeded'
  | 'ToolCallFailed'
  | 'ToolCallUnresolved'
  | 'ToolCallLookupRequested'
  | 'ToolCallCorrected'
  | 'ToolCallRejected'
  | 'ToolCallDenied'
> = {
  ToolCallQueued(trace, event) {
    note(trace, '', event, {
      name: 'refold.tool.queued',
      attributes: { 'refold.call_id': event.data.callId, 'refold.behind': event.data.behind },
    })
  },
  ToolCallRequested(trace, event) {
    const { callId, tool, effect, attempt, input, lostOwners } = event.data
    const key = keyOf(callId)
    if (trace.spans.has(key)) {
      note(trace, key, event, { name: 'refold.attempt', attributes: { 'refold.attempt': attempt, 'refold.lost_owners': lostOwners } })
      return
    }
    turnAt(trace, event).toolCalls += 1
    const content = valueContent(trace.said, 'gen_ai.tool.call.arguments', input)
    begin(trace, key, event, { ...beginningOf(trace, callId, tool, effect), content })
  },
  ToolCallSucceeded(trace, event) {
    const { callId, output, settledBy, source, attempt } = event.data
    hearResult(trace.said, trace.askedCalls.get(callId)?.id ?? callId, output)
    settle(trace, event, {
      attributes: { 'refold.attempts': attempt, 'refold.settled_by': settledBy, 'refold.source': source },
      content: valueContent(trace.said, 'gen_ai.tool.call.result', output),
    })
  },
  ToolCallFailed(trace, event) {
    const { callId, class: failure, message, cause, happened, retryAt, settledBy, source, attempt } = event.data
    if (retryAt !== undefined) {
      note(trace, keyOf(callId), event, {
        name: 'refold.attempt.failed',
        attributes: {
          'error.type': failure,
          'refold.attempt': attempt,
          'refold.retry_after_ms': retryAt - event.meta.at,
        },
      })
      return
    }
    settle(trace, event, {
      error: failure,
      attributes: { 'refold.attempts': attempt, 'refold.settled_by': settledBy, 'refold.source': source, 'refold.happened': happened },
      content: valueContent(trace.said, 'refold.error.message', cause ?? message),
    })
  },
  ToolCallUnresolved(trace, event) {
    note(trace, keyOf(event.data.callId), event, { name: 'refold.tool.unresolved', attributes: { 'refold.attempt': event.data.attempt } })
  },
  ToolCallLookupRequested(trace, event) {
    note(trace, keyOf(event.data.callId), event, { name: 'refold.tool.lookup', attributes: { 'refold.attempt': event.data.attempt } })
  },
  ToolCallCorrected(trace, event) {
    const { callId, tool, succeeded, settledBy } = event.data
    const corrected = { 'refold.tool.succeeded': succeeded, 'refold.settled_by': settledBy, 'refold.call_id': callId }
    // A call that had its last word keeps its span: what is known better stands at the turn that learns it.
    if (trace.turn !== undefined)
      note(trace, keyOf(callId), event, { name: 'refold.tool.corrected', attributes: { ...corrected, 'gen_ai.tool.name': tool } })
  },
  ToolCallRejected(trace, event) {
    const { callId, reason, guardrail, message } = event.data
    const place = { name: 'guardrail tool', attributes: { 'refold.guardrail.place': 'tool', 'refold.call_id': callId } }
    if (guardrail !== undefined) {
      const attributes = { 'refold.guardrail.name': guardrail, 'refold.guardrail.verdict': 'rejected' }
      end(trace, `guardrail ${callId}`, event, { attributes, otherwise: place })
    }
    const content = valueContent(trace.said, 'refold.error.message', message)
    if (reason === 'repeated') settle(trace, event, { attributes: { 'refold.outcome': 'repeated' } })
    else settle(trace, event, { error: reason, attributes: { 'refold.outcome': 'rejected' }, content })
  },
  ToolCallDenied(trace, event) {
    settle(trace, event, { error: 'denied', attributes: { 'refold.outcome': 'denied' } })
  },
}
