import { canonicalJson } from '../json.ts'
import { counted } from '../projections/amount-text.ts'
import { oneLine, printable, valueLine } from '../projections/printable.ts'
import type { RebuiltPrompt } from '../runtime/reading/rebuilt-prompt.ts'
import type { Colours } from './colours.ts'
import { transcriptLines } from './message-text.ts'

interface Look {
  readonly colours: Colours
  readonly width: number
}

/** What a model was asked, for people. */
export const promptLines = (prompt: RebuiltPrompt, look: Look): string[] => {
  const { colours, width } = look
  const { instructions, tools, toolChoice, output, settings, missing } = prompt
  return [
    ...headLines(prompt, colours),
    ...missing.map((sentence) => colours.bad(sentence)),
    ...section('instructions', instructions === null ? [] : printable(instructions).split('\n'), colours),
    ...section(
      'tools',
      tools === null || tools.length === 0 ? [] : [...tools.map(toolLine(width)), `choice: ${valueLine(toolChoice)}`],
      colours,
    ),
    ...section('output', output === null ? [] : [oneLine(`${output.name} ${canonicalJson(output.schema)}`, width)], colours),
    ...section('settings', settings === null || isEmpty(settings) ? [] : [oneLine(canonicalJson(settings), width)], colours),
    ...messageSection(prompt, colours),
  ]
}

const headLines = ({ runId, callId, attempt, revision, model, purpose, fingerprint }: RebuiltPrompt, colours: Colours): string[] => {
  const { agrees } = fingerprint
  const words = agrees === null ? 'cannot be rebuilt' : agrees ? 'rebuilt, fingerprint agrees' : 'rebuilt, fingerprint differs'
  return [
    `${colours.strong(runId)}  call ${callId}, attempt ${attempt}, asked at ${revision}`,
    `${colours.name(model)} · ${purpose} · ${(agrees === true ? colours.good : colours.bad)(words)}`,
  ]
}

const isEmpty = (settings: unknown): boolean => typeof settings === 'object' && settings !== null && Object.keys(settings).length === 0

const section = (title: string, lines: readonly string[], { strong }: Colours): string[] =>
  lines.length === 0 ? [] : ['', strong(title), ...lines.map((line) => `  ${line}`)]

const toolLine =
  (width: number) =>
  ({ name, description, inputSchema }: NonNullable<RebuiltPrompt['tools']>[number]): string =>
    oneLine(`${name}: ${description} ${canonicalJson(inputSchema)}`, width)

/** Each block says in which event it was said. */
const messageSection = ({ messages, sameAsBefore, before }: RebuiltPrompt, colours: Colours): string[] => {
  const known = before === null ? '' : `, the first ${sameAsBefore} as in call ${before.callId}, attempt ${before.attempt}`
  const lines = messages.flatMap(({ revision, message }) => {
    const [title = '', ...words] = transcriptLines([message], colours)
    return [`${title} ${colours.faint(revision === null ? 'in the code of the chart' : `#${revision}`)}`, ...words]
  })
  return section(`${counted(messages.length, 'message')}${known}`, lines, colours)
}
