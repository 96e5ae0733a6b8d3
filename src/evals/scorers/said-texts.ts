import type { RunEvent } from '../../events/envelope.ts'
import { shownContent } from '../../events/content.ts'
import { textOf } from '../../events/message.ts'

/** All that users were told, in order: what guardrails have redacted or refused is not. */
export const saidTexts = (events: readonly RunEvent[]): readonly string[] => {
  const said: string[] = []
  const asides = new Set<string>()
  for (const event of events) {
    switch (event.type) {
      case 'ModelCallRequested':
        if (event.data.purpose === 'aside') asides.add(event.data.callId)
        break
      case 'ModelCallSucceeded':
        if (!asides.has(event.data.callId)) said.push(textOf(event.data.parts))
        break
      case 'HumanAnswerReceived':
        said.push(shownContent(event.data.parts))
        break
      case 'OutputRejected':
        said.pop()
        break
      case 'OutputAccepted':
        if (event.data.parts !== undefined) said.splice(-1, 1, shownContent(event.data.parts))
        break
      default:
    }
  }
  return said.filter((text) => text !== '')
}
