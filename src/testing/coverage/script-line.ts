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
  ToolCallDenied: 'run.deny(callId, { by, reason })',
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
export const lacking = ({ settings }: Agent, edge: ChartEdge): string | undefined =>
  NEEDS.find(({ isThere, isNeeded }) => !isThere(settings) && isNeeded(edge))?.what

interface Need {
  readonly what: string
  readonly isThere: (settings: Agent['settings']) => boolean
  readonly isNeeded: (edge: ChartEdge) => boolean
}

/** Whether the guard asks for it, and not for the absence of it. */
const asksFor =
  (...names: readonly string[]) =>
  ({ guard }: ChartEdge): boolean =>
    names.some((name) => guard?.match(/\w+/g)?.includes(name) === true && !guard.includes(`not(${name})`))

const checksInput = asksFor('checksInput')

const NEEDS: readonly Need[] = [
  {
    what: 'an input guardrail',
    isThere: (settings) => settings.checksInput,
    isNeeded: (edge) => checksInput(edge) || /^Input(Accepted|Rejected)$/.test(edge.event) || edge.source.endsWith('.checkingInput'),
  },
  { what: 'an output schema or guardrail', isThere: (settings) => settings.checksOutput, isNeeded: asksFor('checksOutput') },
  { what: 'an output schema', isThere: (settings) => settings.endsWithOutput, isNeeded: asksFor('endsWithOutput') },
  {
    what: 'an agent without an output schema',
    isThere: (settings) => !settings.endsWithOutput,
    isNeeded: ({ guard }) => guard === 'not(endsWithOutput)',
  },
  { what: 'a second model', isThere: ({ models }) => models.length >= 2, isNeeded: asksFor('hasNextModel', 'triesNextModel') },
  { what: 'a tool that hands over', isThere: ({ handsOver }) => handsOver.length > 0, isNeeded: asksFor('wasHandedOver') },
]
