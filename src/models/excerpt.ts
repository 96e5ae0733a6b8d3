import { beginning } from '../text.ts'
import { shownContent } from '../events/content.ts'
import { shownAnswer } from '../events/message.ts'
import type { ModelRequest } from './model.ts'

const EXCERPT_CHARS = 240

/** Of what a vendor says about an error: some list all that a field could have been. */
export const ERROR_CHARS = 1_000

/** Enough of a long text to find where it came from. */
export const excerpt = (text: string, chars = EXCERPT_CHARS): string => (text.length > chars ? `${beginning(text, chars)}…` : text)

/** The last message of a prompt, for the message of an error. */
export const lastMessageExcerpt = ({ messages }: ModelRequest): string => {
  const last = messages.at(-1)
  if (!last) return 'no message'
  return `${last.role} ${JSON.stringify(excerpt(last.role === 'assistant' ? shownAnswer(last.parts) : shownContent(last.parts)))}`
}
