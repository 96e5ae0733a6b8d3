import { describeMedia, isMedia, textsOf, type MediaPart } from '../events/content.ts'
import type { AssistantPart, Message, Usage } from '../events/message.ts'
import type { ModelRequest } from './model.ts'

const CHARS_PER_TOKEN = 4

const tokensOf = (chars: number): number => Math.ceil(chars / CHARS_PER_TOKEN)

/**
 * Four characters to a token, over the JSON of the prompt and of the answer. A function of its input alone,
 * for where nobody counted: scripted models, recorded conversations, and servers that report no usage.
 */
export const estimatedUsage = (request: ModelRequest, parts: readonly AssistantPart[]): Usage => {
  const { instructions, messages, tools, output } = request
  let list = messages.length === 0 ? 2 : 1
  let media = 0
  for (const message of messages) {
    const size = sizeOf(message)
    list += size.chars + COMMA
    media += size.mediaTokens
  }
  const prompt = list + JSON.stringify([instructions, tools, output?.schema ?? null]).length + COMMA
  return {
    inputTokens: tokensOf(prompt) + media,
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    outputTokens: tokensOf(parts.reduce((chars, part) => chars + charsOf(part), 0)),
    reasoningTokens: 0,
  }
}

const charsOf = (part: AssistantPart): number => {
  switch (part.type) {
    case 'text':
      return part.text.length
    case 'toolCall':
      return part.name.length + part.argumentsText.length
    case 'image':
    case 'file':
      return describeMedia(part).length
    case 'opaque':
      return JSON.stringify(part.content).length
  }
}

const COMMA = 1

interface MessageSize {
  readonly chars: number
  readonly mediaTokens: number
}

const known = new WeakMap<Message, MessageSize>()

/** Each message once, however many prompts it is in: a long run would count its whole past at every call. */
const sizeOf = (message: Message): MessageSize => {
  const before = known.get(message)
  if (before !== undefined) return before
  const size = { chars: JSON.stringify(counted(message)).length, mediaTokens: mediaTokens(message) }
  // What can still be changed is counted each time.
  if (Object.isFrozen(message)) known.set(message, size)
  return size
}

/** Without pictures and files; a message of one text as that text. */
const counted = (message: Message): object => {
  if (message.role === 'assistant') return message
  const { parts, ...rest } = message
  return { ...rest, text: textsOf(parts) }
}

/** A picture, or a page of a document, as vendors count them in the middle. */
const TOKENS_PER_PICTURE = 1_500
const BYTES_PER_PAGE = 60_000

const mediaTokens = (message: Message): number =>
  message.role === 'assistant' ? 0 : message.parts.reduce((sum, part) => sum + (isMedia(part) ? tokensOfMedia(part) : 0), 0)

const tokensOfMedia = ({ type, source }: MediaPart): number => {
  if (type === 'image' || source.type === 'url') return TOKENS_PER_PICTURE
  if (source.mediaType.startsWith('text/') || source.mediaType === 'application/json') return tokensOf(source.bytes)
  return TOKENS_PER_PICTURE * Math.ceil(source.bytes / BYTES_PER_PAGE)
}
