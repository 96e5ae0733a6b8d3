import { styleText } from 'node:util'
import { shownContent, type RecordedRunEvent } from 'refold'

/** One line for the events that a reader of the story wants to see. */
export const line = (event: RecordedRunEvent): string | undefined => {
  switch (event.type) {
    case 'MessageReceived':
      return styleText('cyan', `customer: ${shownContent(event.data.parts).replaceAll('\n', ' ')}`)
    case 'ModelCallSucceeded': {
      const text = event.data.parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('')
      return text === '' ? undefined : styleText('cyan', `desk: ${text}`)
    }
    case 'HumanAnswerReceived':
      return styleText('cyan', `${event.data.by}: ${shownContent(event.data.parts)}`)
    case 'ModelCallFailed':
      return styleText('yellow', `model failed: ${event.data.message}, so ${event.data.next}`)
    case 'ToolCallRequested':
      return `${event.data.tool}(${JSON.stringify(event.data.input)})${event.data.attempt > 1 ? ` attempt ${event.data.attempt}` : ''}`
    case 'ToolCallSucceeded':
      return `  = ${JSON.stringify(event.data.output)}${event.data.settledBy === undefined ? '' : `, settled by ${event.data.settledBy}`}`
    default:
      return incident(event)
  }
}

const incident = (event: RecordedRunEvent): string | undefined => {
  switch (event.type) {
    case 'ToolCallFailed':
      return styleText(
        'yellow',
        `  failed: ${event.data.message}${event.data.retryAt === undefined ? '' : `, again in ${Math.max(0, event.data.retryAt - event.meta.at)} ms`}`,
      )
    case 'ToolCallUnresolved':
      return styleText('yellow', `  unresolved: ${event.data.reason}`)
    case 'ApprovalRequested':
      return styleText('yellow', `approval asked for ${JSON.stringify(event.data.subject)}`)
    case 'ApprovalGranted':
      return `approval granted by ${event.data.by}`
    case 'LimitExceeded':
      return styleText('yellow', `limit ${event.data.limit} reached: ${event.data.used} of ${event.data.allowed}`)
    case 'RunEscalated':
      return styleText('yellow', `escalated: ${event.data.reason}`)
    default:
      return undefined
  }
}
