import { AppError } from '../../errors.ts'
import type { ModelSettings } from '../../events/model-settings.ts'
import { jsonText } from '../../json.ts'
import { present } from '../../present.ts'
import { answerLine, failureLine } from '../../projections/script-line.ts'
import { visibleJson } from '../../text.ts'
import type { RuntimeParts } from '../runtime-parts.ts'
import { rebuildPrompt, type RebuiltPrompt, type WhichPrompt } from './rebuilt-prompt.ts'
import { readRun } from './run-reader.ts'
import { writeRequest, type AskedPrompt, type RequestForms, type RequestInForm } from './written-request.ts'

// The prompt of a call as a vendor takes it: to ask it again, elsewhere and with other words.

interface Parts extends Pick<RuntimeParts, 'log' | 'blobs' | 'agents'> {
  readonly requestForms: RequestForms
}

export interface WhichRequest extends WhichPrompt {
  readonly as: string | undefined
}

export interface WrittenPrompt extends RequestInForm {
  /** The command that sends it, with the key from its variable. */
  readonly curl: string
  /** What the model answered, as a line of a script; null where it has not yet. */
  readonly scriptLine: string | null
}

/** Rejects with `InvalidInput` for another call or form, and with `NotPossible` where parts of the prompt are gone. */
export const writePrompt = async (parts: Parts, { as, ...which }: WhichRequest): Promise<WrittenPrompt> => {
  const prompt = await rebuildPrompt(parts, which)
  const request = await writeRequest(parts, askedPrompt(prompt), as)
  return { ...request, curl: curlOf(request), scriptLine: await scriptLineOf(parts, prompt) }
}

const askedPrompt = ({ model, instructions, tools, toolChoice, output, settings, messages, missing }: RebuiltPrompt): AskedPrompt => {
  if (instructions === null || tools === null || missing.length > 0) {
    const why = missing.length === 0 ? 'parts of the prompt are not stored any more' : missing.join(' ')
    throw new AppError('NotPossible', `The request cannot be written: ${why}`)
  }
  return {
    model,
    instructions,
    tools,
    settings: { ...(settings as ModelSettings | null), ...present({ toolChoice: toolChoice as ModelSettings['toolChoice'] }) },
    messages: messages.map(({ message }) => message),
    ...present({ output: output ?? undefined }),
  }
}

/** No line of JSON is this word alone, since its texts hold no line breaks: the shell reads nothing of the request. */
const END = 'END_OF_REQUEST'

const curlOf = ({ url, headers, key, body }: RequestInForm): string =>
  [
    `curl -sS ${quoted(url)} \\`,
    ...Object.entries(headers).map(([name, value]) => `  -H ${quoted(`${name}: ${value}`)} \\`),
    `  -H "${key.header}: ${key.before}$${key.variable}" \\`,
    `  --data-binary @- <<'${END}'`,
    visibleJson(jsonText(body)),
    END,
  ].join('\n')

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

const scriptLineOf = async (parts: Parts, { runId, callId, attempt }: RebuiltPrompt): Promise<string | null> => {
  for await (const { event } of readRun(parts, runId)) {
    if (event.type !== 'ModelCallSucceeded' && event.type !== 'ModelCallFailed') continue
    if (event.data.callId !== callId || event.data.attempt !== attempt) continue
    return event.type === 'ModelCallSucceeded' ? answerLine(event.data) : failureLine(event.data)
  }
  return null
}
