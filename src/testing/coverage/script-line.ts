import type { Agent } from '../../runtime/agent.ts'
import type { ChartEdge } from '../../statechart/graph.ts'

const ASK_TOOL = "toolCalls([{ name: '…', arguments: { … } }])"

/** What makes a run take an edge of the standard charts: a line of a script, a command, or what a tool or guardrail has to do. */
const LINES: Readonly<Record<string, string>> = {
  MessageReceived: 'send({ message })',
  InputAccepted: 'the input guardrails accept the message',
  InputRejected: 'an input guardrail rejects the message',
  'ModelCallSucceeded wantsTools': ASK_TOOL,
  'ModelCallSucceeded checksOutput': "answer('…')",
  ModelCallSucceeded: "answer('…')",
  'ModelCallFailed isOverLimit': 'a model call that the limit of costs or tokens leaves no room for',
  'ModelCallFailed willRetry': "failure('overloaded')",
  'ModelCallFailed triesNextModel': "failure('overloaded'), as often as the failure policy tries again",
  ModelCallFailed: "failure('auth')",
  'ToolCallFailed willRetry': "throw new ToolFailure('…', { happened: false, retryable: true })",
  'ToolCallFailed settles': "throw new ToolFailure('…', { happened: false })",
  ToolCallFailed: "throw new ToolFailure('…', { happened: false })",
  ToolCallSucceeded: 'the tool returns its output',
  ToolCallRejected: 'arguments that do not fit, a tool that is none, or an action guardrail that objects',
  ToolCallDenied: "run.deny(callId, { by, reason })",
  ToolCallRequested: 'the tool is called',
  ToolCallUnresolved: 'a `once` tool throws, or its process dies',
  ApprovalRequested: 'a tool whose approval asks a person',
  ApprovalGranted: 'run.approve(callId, { by })',
  ApprovalDenied: 'run.deny(callId, { by, reason })',
  RunEscalated: 'a person has to act',
  OutputAccepted: 'the output fits, and the output guardrails accept it',
  OutputRejected: 'the output does not fit, or an output guardrail rejects it',
  LimitExceeded: 'a limit of the agent is reached',
  'TurnCompleted hasUnread': 'send({ message }) while the agent is at work',
  HumanAnswerReceived: 'run.answer({ by, text })',
  RunReturned: 'run.giveBack({ by })',
  RunCompleted: 'run.complete({ by })',
  RunFailed: 'run.fail({ by, reason })',
  RunCancelled: 'run.cancel({ by, reason })',
}
/** What happens by itself, where the step before has led there. */
const BY_ITSELF = new Set(['always', 'TurnCompleted', 'default'])

/** Undefined where it happens by itself. */
export const scriptLine = ({ event, guard, kind }: ChartEdge): string | undefined => {
  if (kind === 'after') return 'time passes'
  const line = LINES[`${event} ${guard ?? ''}`] ?? LINES[event]
  if (line !== undefined) return line
  if (!BY_ITSELF.has(event)) return guard === null ? event : `${event}, where ${guard}`
  return guard === null ? undefined : `where ${guard}`
}

/** What an agent has not got that an edge of the standard charts needs. */
export const lacking = ({ settings }: Agent, { event, guard, source }: ChartEdge): string | undefined => {
  const names = new Set(guard?.match(/\w+/g) ?? [])
  const needs = (name: string): boolean => names.has(name) && guard?.includes(`not(${name})`) !== true
  if (!settings.checksInput && (needs('checksInput') || /^Input(Accepted|Rejected)$/.test(event))) return 'an input guardrail'
  if (!settings.checksOutput && needs('checksOutput')) return 'an output schema or guardrail'
  if (!settings.endsWithOutput && needs('endsWithOutput')) return 'an output schema'
  if (settings.endsWithOutput && guard === 'not(endsWithOutput)') return 'an agent without an output schema'
  if (settings.models.length < 2 && (needs('hasNextModel') || needs('triesNextModel'))) return 'a second model'
  if (settings.handsOver.length === 0 && needs('wasHandedOver')) return 'a tool that hands over'
  return source.endsWith('.checkingInput') && !settings.checksInput ? 'an input guardrail' : undefined
}
