import type { Environment } from './config.ts'
import { anthropicModel } from './models/anthropic/anthropic-model.ts'
import { openaiChatModel } from './models/openai/openai-chat-model.ts'
import { openaiResponsesModel } from './models/openai/openai-responses-model.ts'
import type { Model, Models } from './models/model.ts'
import { present } from './present.ts'

/** The variables that open each provider. */
const VARIABLES: Readonly<Record<string, readonly [key: keyof Environment, address: keyof Environment]>> = {
  openai: ['OPENAI_API_KEY', 'OPENAI_BASE_URL'],
  anthropic: ['ANTHROPIC_API_KEY', 'ANTHROPIC_BASE_URL'],
}

/** What to set so that a provider is there; undefined for one that only code can bring. */
export const remedyFor = (provider: string): string | undefined =>
  Object.hasOwn(VARIABLES, provider) ? `set ${VARIABLES[provider]?.[0]}` : undefined

/** The providers that the keys in the environment open. */
export const vendorModels = ({ OPENAI_API_KEY, OPENAI_BASE_URL, ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL }: Environment): Models => ({
  ...(OPENAI_API_KEY === undefined ? {} : { openai: refusedBy('openai', openai(OPENAI_API_KEY, OPENAI_BASE_URL)) }),
  ...(ANTHROPIC_API_KEY === undefined
    ? {}
    : { anthropic: refusedBy('anthropic', anthropicModel({ apiKey: ANTHROPIC_API_KEY, ...present({ baseUrl: ANTHROPIC_BASE_URL }) })) }),
})

const NO_KEY = 'none'

/** As which any prompt can be written, whoever was asked: nobody is asked by these. */
export const vendorForms: Models = {
  openai: openaiResponsesModel({ apiKey: NO_KEY }),
  'openai-chat': openaiChatModel({ apiKey: NO_KEY }),
  anthropic: anthropicModel({ apiKey: NO_KEY }),
}

/** As which a prompt can be written: the vendors, and providers of this process that write anything. */
export const requestForms = (environment: Environment, models: Models = {}): Models => ({
  ...vendorForms,
  ...vendorModels(environment),
  ...Object.fromEntries(Object.entries(models).filter(([, { written }]) => written !== undefined)),
})

/** Other servers speak Chat Completions; OpenAI's own keeps the reasoning between two calls only by Responses. */
const openai = (apiKey: string, baseUrl: string | undefined): Model =>
  baseUrl === undefined ? openaiResponsesModel({ apiKey }) : openaiChatModel({ apiKey, baseUrl })

/** Whoever reads that a provider refuses a key or a model wants to know where they were set. */
const refusedBy = (provider: string, model: Model): Model => ({
  ...model,
  async call(request, options) {
    const outcome = await model.call(request, options)
    if (outcome.ok || outcome.class !== 'auth') return outcome
    return {
      ...outcome,
      message: `${outcome.message} (check ${VARIABLES[provider]?.join(', ')} and the name of the model, ${request.model})`,
    }
  },
})
