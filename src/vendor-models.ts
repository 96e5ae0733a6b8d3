import type { Environment } from './config.ts'
import { anthropicModel } from './models/model.anthropic.ts'
import { openaiChatModel } from './models/model.openai-chat.ts'
import { openaiResponsesModel } from './models/model.openai-responses.ts'
import type { Model, Models } from './models/model.ts'
import { present } from './present.ts'

/** The providers that the keys in the environment open. */
export const vendorModels = ({ OPENAI_API_KEY, OPENAI_BASE_URL, ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL }: Environment): Models => ({
  ...(OPENAI_API_KEY === undefined ? {} : { openai: openai(OPENAI_API_KEY, OPENAI_BASE_URL) }),
  ...(ANTHROPIC_API_KEY === undefined
    ? {}
    : { anthropic: anthropicModel({ apiKey: ANTHROPIC_API_KEY, ...present({ baseUrl: ANTHROPIC_BASE_URL }) }) }),
})

/** Other servers speak Chat Completions; OpenAI's own keeps the reasoning between two calls only by Responses. */
const openai = (apiKey: string, baseUrl: string | undefined): Model =>
  baseUrl === undefined ? openaiResponsesModel({ apiKey }) : openaiChatModel({ apiKey, baseUrl })
