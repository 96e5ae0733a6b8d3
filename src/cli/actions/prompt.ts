import { AppError } from '../../errors.ts'
import type { OpenRefold } from '../../open-refold.ts'
import { present } from '../../present.ts'
import { rebuildPrompt, type WhichPrompt } from '../../runtime/reading/rebuilt-prompt.ts'
import { writePrompt, type WrittenPrompt } from '../../runtime/reading/written-prompt.ts'
import { visibleJson } from '../../text.ts'
import type { CommandLine } from '../command-line.ts'
import { modelCallAt } from '../model-call-at.ts'
import type { PromptFormat } from '../prompt-formats.ts'
import { promptLines } from '../prompt-text.ts'
import { reading } from '../session.ts'

export interface PromptOptions {
  readonly at?: number
  readonly call?: string
  readonly attempt?: number
  readonly format?: PromptFormat
  readonly as?: string
}

export const prompt = (line: CommandLine, runId: string, options: PromptOptions): Promise<void> => {
  const { format = 'text', as } = options
  refuseWhatDoesNotFit(line, options)
  return reading(line, async (refold) => {
    const which = await whichCall(refold, runId, options)
    if (format === 'text') {
      const found = await rebuildPrompt(refold, which)
      await line.output.document(found)
      if (!line.output.json) for (const text of promptLines(found, line.output)) await line.output.line(text)
      return
    }
    const written = await writePrompt(refold, { ...which, as })
    if (line.output.json) await line.output.document(written)
    else await line.output.data(`${textOf(format, written)}\n`)
  })
}

const refuseWhatDoesNotFit = ({ output }: CommandLine, { format = 'text', as, call, attempt }: PromptOptions): void => {
  if (attempt !== undefined && call === undefined)
    throw new AppError('InvalidInput', `Expected --call with --attempt ${attempt}: of which call it is meant`)
  if (as !== undefined && (format === 'text' || format === 'script'))
    throw new AppError('InvalidInput', `Expected --format request or --format curl with --as, found --format ${format}`)
  if (output.json && (format === 'curl' || format === 'script'))
    throw new AppError('InvalidInput', `Expected --json or --format ${format}, found both: --json --format request has all of them`)
}

const whichCall = async (refold: OpenRefold, runId: string, { at, call, attempt }: PromptOptions): Promise<WhichPrompt> =>
  call === undefined ? modelCallAt(refold, runId, present({ at })) : { runId, callId: call, attempt }

const textOf = (format: Exclude<PromptFormat, 'text'>, { body, curl, scriptLine }: WrittenPrompt): string => {
  switch (format) {
    case 'request':
      return visibleJson(JSON.stringify(body, null, 2))
    case 'curl':
      return curl
    case 'script':
      if (scriptLine === null) throw new AppError('NotPossible', 'The model has not answered yet, so there is no line of a script')
      return scriptLine
  }
}
