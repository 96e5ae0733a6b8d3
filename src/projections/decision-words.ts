import type { RunFact } from '../events/run-events.ts'

/** What a fact says was decided, in words that count it with others of its kind. `subject`: the tool or agent that a call is about. */
export const decisionWords = (fact: RunFact, subject = 'a call'): string => {
  const { type, data } = fact
  switch (type) {
    case 'InputAccepted':
      return data.parts === undefined ? 'takes the message' : 'redacts the message'
    case 'InputRejected':
      return `blocks the message (${data.guardrail})`
    case 'OutputAccepted':
      return data.parts === undefined ? 'takes the answer' : 'redacts the answer'
    case 'OutputRejected':
      return `rejects the answer (${data.guardrail ?? 'its form'})`
    case 'ModelCallRequested':
      return data.purpose === 'wrapUp' ? 'asks the model for last words' : 'asks the model'
    case 'ModelCallFailed':
      return `gets no answer (${data.class})`
    case 'LimitExceeded':
      return `reaches its limit (${data.limit})`
    case 'TurnCompleted':
      return `ends the turn (${data.outcome})`
    case 'RunEscalated':
      return 'hands over to a person'
    case 'RunCompleted':
      return 'completes'
    case 'RunFailed':
      return 'fails'
    default:
      return wordsOfCall(fact, subject)
  }
}

const wordsOfCall = (fact: RunFact, subject: string): string => {
  const { type, data } = fact
  switch (type) {
    case 'ToolCallRequested':
      return `calls ${data.tool}`
    case 'ToolCallQueued':
      return `lets ${subject} wait`
    case 'ToolCallRejected':
      return `rejects ${subject} (${data.guardrail ?? rejections[data.reason]})`
    case 'ToolCallDenied':
      return `denies ${subject}`
    case 'ToolCallLookupRequested':
      return `looks up ${data.tool}`
    case 'ApprovalRequested':
      return data.subject.tool === undefined ? 'asks a person' : `asks approval of ${data.subject.tool}`
    case 'ChildRunRequested':
      return `starts ${data.agent}`
    case 'ChildRunFailed':
      return `starts no ${subject}`
    default:
      return type
  }
}

type Rejection = Extract<RunFact, { type: 'ToolCallRejected' }>['data']['reason']

const rejections: Readonly<Record<Rejection, string>> = {
  unknownTool: 'no such tool',
  invalidArguments: 'arguments',
  guardrail: 'a guardrail',
  limit: 'limit',
  repeated: 'done before',
}
