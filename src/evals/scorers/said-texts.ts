import type { RunEvent } from '../../events/envelope.ts'
import { shownContent } from '../../events/content.ts'
import { textOf } from '../../events/message.ts'

export interface SaidText {
  readonly by: 'user' | 'agent'
  readonly text: string
}

/** What users have said and were told, in order: what guardrails have refused is not, and what they have redacted is as they left it. */
export const conversationIn = (events: readonly RunEvent[]): readonly SaidText[] => {
  const said: SaidText[] = []
  const asides = new Set<string>()
  const replace = (by: SaidText['by'], text: string | undefined): void => {
    const at = said.findLastIndex((each) => each.by === by)
    if (at >= 0) said.splice(at, 1, ...(text === undefined ? [] : [{ by, text }]))
  }
  for (const event of events) {
    switch (event.type) {
      case 'MessageReceived':
        said.push({ by: 'user', text: shownContent(event.data.parts) })
        break
      case 'InputAccepted':
        if (event.data.parts !== undefined) replace('user', shownContent(event.data.parts))
        break
      case 'InputRejected':
        replace('user', undefined)
        break
      case 'ModelCallRequested':
        if (event.data.purpose === 'aside') asides.add(event.data.callId)
        break
      case 'ModelCallSucceeded':
        if (!asides.has(event.data.callId)) said.push({ by: 'agent', text: textOf(event.data.parts) })
        break
      case 'HumanAnswerReceived':
        said.push({ by: 'agent', text: shownContent(event.data.parts) })
        break
      case 'OutputRejected':
        replace('agent', undefined)
        break
      case 'OutputAccepted':
        if (event.data.parts !== undefined) replace('agent', shownContent(event.data.parts))
        break
      default:
    }
  }
  return said.filter(({ text }) => text !== '')
}

/** All that users were told. */
export const saidTexts = (events: readonly RunEvent[]): readonly string[] =>
  conversationIn(events).flatMap(({ by, text }) => (by === 'agent' ? [text] : []))
