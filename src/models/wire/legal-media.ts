import { describeMedia, isMedia, textContent, type ContentPart, type MediaPart } from '../../events/content.ts'
import type { AssistantPart, Message } from '../../events/message.ts'
import type { ShownMedia } from './shown-media.ts'

type ToolMessage = Extract<Message, { role: 'tool' }>

/** In words, for a model that cannot see it: it can say so, or ask for another form. */
const standIn = (part: MediaPart): string => `[not shown: ${describeMedia(part)}]`

/** No wire lets an agent say a picture. */
export const answerInWords = (parts: readonly AssistantPart[], changed: Set<string>): AssistantPart[] =>
  parts.map((part) => {
    if (!isMedia(part)) return part
    changed.add(part.type)
    return { type: 'text', text: `\n${standIn(part)}\n` }
  })

interface MediaRules {
  readonly shown: ShownMedia
  /** Whether a result of a tool may hold pictures; otherwise they are shown by the user, behind all results of the turn. */
  readonly inToolResults: boolean
}

/** What is not sent is told in words; what a result of a tool cannot hold comes behind it. */
export const legalMedia = (messages: readonly Message[], { shown, inToolResults }: MediaRules, changed: Set<string>): Message[] => {
  const told = messages.map((message) =>
    message.role === 'assistant' || !message.parts.some(isMedia)
      ? message
      : { ...message, parts: shownOrTold(message.parts, shown, changed) },
  )
  return inToolResults ? told : behindResults(told, changed)
}

const shownOrTold = (parts: readonly ContentPart[], shown: ShownMedia, changed: Set<string>): ContentPart[] =>
  parts.map((part) => {
    if (!isMedia(part) || shown.has(part)) return part
    changed.add(part.type)
    return { type: 'text', text: standIn(part) }
  })

const behindResults = (messages: readonly Message[], changed: Set<string>): Message[] => {
  const moved: Message[] = []
  let waiting: ContentPart[] = []
  const showWaiting = (): void => {
    if (waiting.length > 0) moved.push({ role: 'user', parts: waiting })
    waiting = []
  }
  for (const message of messages) {
    if (message.role !== 'tool') showWaiting()
    const media = message.role === 'tool' ? message.parts.filter(isMedia) : []
    if (message.role !== 'tool' || media.length === 0) moved.push(message)
    else {
      changed.add('toolMedia')
      moved.push(withoutMedia(message))
      waiting.push(...textContent(`(What the call ${message.id} of ${message.name} has shown:)`), ...media)
    }
  }
  showWaiting()
  return moved
}

const withoutMedia = (message: ToolMessage): ToolMessage => {
  const texts = message.parts.filter((part) => !isMedia(part))
  return { ...message, parts: texts.length > 0 ? texts : textContent('(shown in the next message)') }
}
