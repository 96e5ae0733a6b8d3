import { visibleJson, visibleText } from '../../src/text.ts'
import { currentLink } from '../address/address.ts'
import { copyActions, markdownText, shellWord } from '../keys/copy-keys.ts'
import { prompts } from './prompt-store.ts'

const json = (): string | undefined => {
  const { prompt } = prompts.getSnapshot().context
  return prompt === undefined ? undefined : visibleJson(JSON.stringify(prompt, null, 2))
}

const command = (): string | undefined => {
  const { prompt } = prompts.getSnapshot().context
  return prompt === undefined
    ? undefined
    : `refold prompt ${shellWord(prompt.runId)} --call ${shellWord(prompt.callId)} --attempt ${prompt.attempt}`
}

const markdown = (): string | undefined => {
  const { prompt } = prompts.getSnapshot().context
  if (prompt === undefined) return undefined
  const { runId, callId, attempt } = prompt
  return `[Prompt of call ${markdownText(visibleText(callId))}, attempt ${attempt}, of ${markdownText(visibleText(runId))}](${currentLink()})`
}

/** What the model was asked, as it is shown. */
export const promptCopies = copyActions({ json, command, markdown })
