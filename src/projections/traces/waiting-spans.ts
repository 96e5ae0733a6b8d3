import { begin, end } from './open-trace.ts'
import { valueContent } from './said-in-turn.ts'
import type { SpansOf } from './spans-of.ts'

// What a run waits for: people, and other runs.

const HUMAN = 'human'
const PAUSED = 'paused'

export const waitingSpans: SpansOf<
  | 'ApprovalRequested'
  | 'ApprovalGranted'
  | 'ApprovalDenied'
  | 'RunEscalated'
  | 'RunReturned'
  | 'HumanAnswerReceived'
  | 'RunPaused'
  | 'RunResumed'
  | 'ChildRunRequested'
  | 'ChildRunSucceeded'
  | 'ChildRunFailed'
> = {
  ApprovalRequested(trace, event) {
    const { callId, subject } = event.data
    begin(trace, `approval ${callId}`, event, {
      name: `approval ${subject.tool ?? 'question'}`,
      attributes: { 'refold.waits_for': 'approval', 'refold.call_id': callId, 'gen_ai.tool.name': subject.tool },
      content: valueContent(trace.said, 'refold.approval.subject', subject.question ?? subject.input),
    })
  },
  ApprovalGranted(trace, event) {
    const { callId, by, input, source } = event.data
    const attributes = {
      'refold.approval.decision': 'granted',
      'refold.approval.changed': input === undefined ? undefined : true,
      'refold.source': source,
    }
    const granted = input === undefined ? undefined : valueContent(trace.said, 'refold.approval.input', input)
    end(trace, `approval ${callId}`, event, { attributes, content: { ...valueContent(trace.said, 'refold.by', by), ...granted } })
  },
  ApprovalDenied(trace, event) {
    const { callId, by, withdrawn, source } = event.data
    const attributes = { 'refold.approval.decision': withdrawn === true ? 'withdrawn' : 'denied', 'refold.source': source }
    end(trace, `approval ${callId}`, event, { attributes, content: valueContent(trace.said, 'refold.by', by) })
  },
  RunEscalated(trace, event) {
    const { callId, reason } = event.data
    begin(trace, callId === undefined ? HUMAN : `${HUMAN} ${callId}`, event, {
      name: 'human takeover',
      attributes: { 'refold.waits_for': 'human', 'refold.call_id': callId },
      content: valueContent(trace.said, 'refold.reason', reason),
    })
  },
  RunReturned(trace, event) {
    end(trace, HUMAN, event, {
      attributes: { 'refold.outcome': 'returned' },
      content: valueContent(trace.said, 'refold.by', event.data.by),
    })
  },
  HumanAnswerReceived(trace, event) {
    end(trace, HUMAN, event, {
      attributes: { 'refold.outcome': 'answered' },
      content: valueContent(trace.said, 'refold.by', event.data.by),
    })
  },
  RunPaused(trace, event) {
    if (trace.turn !== undefined) begin(trace, PAUSED, event, { name: 'paused', attributes: { 'refold.waits_for': 'resume' } })
  },
  RunResumed(trace, event) {
    end(trace, PAUSED, event, {})
  },
  ChildRunRequested(trace, event) {
    const { callId, childRunId, agent, input } = event.data
    begin(trace, childKey(callId), event, {
      name: `execute_tool ${agent}`,
      attributes: {
        'gen_ai.operation.name': 'execute_tool',
        'gen_ai.tool.name': agent,
        'gen_ai.tool.type': 'agent',
        'gen_ai.tool.call.id': trace.askedCalls.get(callId)?.id ?? callId,
        'refold.call_id': callId,
        'refold.child.run_id': childRunId,
      },
      content: valueContent(trace.said, 'gen_ai.tool.call.arguments', input),
    })
  },
  ChildRunSucceeded(trace, event) {
    const { callId, output, source } = event.data
    const content = valueContent(trace.said, 'gen_ai.tool.call.result', output)
    end(trace, childKey(callId), event, { attributes: { 'refold.source': source }, content })
  },
  ChildRunFailed(trace, event) {
    const { callId, reason, source } = event.data
    const content = valueContent(trace.said, 'refold.error.message', reason)
    end(trace, childKey(callId), event, { error: 'child_run_failed', attributes: { 'refold.source': source }, content })
  },
}

export const childKey = (callId: string): string => `child ${callId}`
