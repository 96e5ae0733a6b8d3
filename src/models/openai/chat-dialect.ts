import type { Json, JsonObject } from '../../json.ts'
import type { HistoryRules } from '../wire/legal-history.ts'

/** `max_tokens` is what compatible servers know; OpenAI's own newer models refuse it. */
export type OutputLimitField = 'max_completion_tokens' | 'max_tokens'

/** What one server of Chat Completions takes. */
export interface ChatDialect extends HistoryRules {
  readonly outputLimit: OutputLimitField
  /** What stands for the text of an answer that is tool calls alone. Some servers take no null, and all take an empty text. */
  readonly blankContent: '' | null
}

/**
 * By the address of the server. Ollama accepts the newer name of the output limit and ignores it, which leaves an answer without any
 * limit; Mistral takes ids of nine letters and digits only.
 */
export const chatDialect = (baseUrl: string | undefined, vendor?: string): ChatDialect => {
  const { host, hostname } = new URL(baseUrl ?? 'https://api.openai.com')
  const isOpenai = /(^|\.)(openai|azure)\.com$/.test(hostname)
  return {
    vendor: vendor ?? host,
    isOwn: (content) => ownFields(content, 'message') !== undefined || ownFields(content, 'toolCall') !== undefined,
    ownId: (content) => ownFields(content, 'toolCall')?.['id'],
    callId: /(^|\.)mistral\.ai$/.test(hostname) ? /^[a-zA-Z0-9]{9}$/ : /^[a-zA-Z0-9_-]{1,40}$/,
    takesBlankResults: isOpenai,
    mediaInToolResults: false,
    blankContent: isOpenai ? null : '',
    outputLimit: isOpenai ? 'max_completion_tokens' : 'max_tokens',
  }
}

/**
 * What a server gave beside the standard fields and demands back, where it stood: in the message, or in the tool call before the part.
 * `reasoning_content` is such a field, and Gemini's `extra_content`.
 */
export const ownFields = (content: Json, place: 'message' | 'toolCall'): JsonObject | undefined => {
  if (typeof content !== 'object' || content === null || !(place in content)) return undefined
  const fields = (content as JsonObject)[place]
  return typeof fields === 'object' && fields !== null && !Array.isArray(fields) ? (fields as JsonObject) : undefined
}
