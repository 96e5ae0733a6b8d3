import { beginning } from '../beginning.ts'
import { textOf } from '../events/message.ts'
import type { ModelRequest } from './model.ts'

const EXCERPT_CHARS = 240

/** Enough of a long text to find where it came from. */
export const excerpt = (text: string): string => (text.length > EXCERPT_CHARS ? `${beginning(text, EXCERPT_CHARS)}…` : text)

/** The last message of a prompt, for the message of an error. */
export const lastMessageExcerpt = ({ messages }: ModelRequest): string => {
  const last = messages.at(-1)
  if (!last) return 'no message'
  return `${last.role} ${JSON.stringify(excerpt(last.role === 'assistant' ? textOf(last.parts) : last.text))}`
}
