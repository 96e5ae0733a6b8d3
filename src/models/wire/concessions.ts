import type { Message } from '../../events/message.ts'
import type { ToolChoice } from '../../events/model-settings.ts'
import type { Said } from './attempt.ts'
import type { HistoryRules } from './legal-history.ts'
import { forcesTool, type ModelFailure, type ModelOutcome, type ModelRequest, type RequestSettings } from '../model.ts'

/**
 * What a server may turn out not to take, and is asked without. `json_schema`: output by a schema; then any JSON object is asked for,
 * and the schema stands in the prompt. `json_object`: that neither, so the prompt alone asks. `opaque`: its own reasoning and signatures.
 * `forcedToolChoice`: that a tool has to be called; then it may be. `toolChoice`: any word about it.
 */
export type Concession =
  'json_schema' | 'json_object' | 'stream_options' | 'stream' | 'opaque' | 'forcedToolChoice' | 'toolChoice' | keyof RequestSettings

export type Conceded = ReadonlySet<Concession>

const REFUSALS: readonly (readonly [Concession, RegExp])[] = [
  ['reasoningEffort', /reasoning[._]?effort|output_config\.effort/i],
  ['toolChoice', /tool_choice/i],
  // Of the setting, not of a block in the conversation; the one in the last answer can be missed only where the setting asks for it.
  [
    'thinking',
    /thinking\.(type|adaptive|enabled|disabled|budget)|budget_tokens|(adaptive|extended) thinking|must start with a thinking|\bthinking: extra/i,
  ],
  ['opaque', /reasoning|thinking|signature|encrypted_content|extra_content/i],
  [
    'json_object',
    /response_?format|json_?(schema|object)|json mode|structured.?output|output_(config|format)|text\.format|mime.?type|grammar|guided/i,
  ],
  ['stream_options', /stream_options|include_usage/i],
  ['stream', /\bstream(ed|ing)?\b/i],
  ['parallelToolCalls', /parallel_tool_(calls|use)/i],
  ['temperature', /\btemperature\b/i],
  ['topP', /\btop_p\b/i],
  ['seed', /\bseed\b/i],
  ['stopSequences', /\bstop(_sequences?)?\b/i],
  ['maxOutputTokens', /max_?(completion_|output_|new_)?tokens/i],
]

const REFUSING = new Set<ModelFailure['class']>(['badRequest', 'contextLength', 'auth'])
/** Some servers answer 500 or 501 to what they do not know. */
const REFUSING_WORDS = /\b(un|not )(supported|allowed|available|implemented|permitted)\b|cannot|can't|disabled|unknown|unrecogni[sz]ed/i

const isRefusal = ({ class: failureClass, message }: ModelFailure): boolean =>
  REFUSING.has(failureClass) || (failureClass === 'server' && REFUSING_WORDS.test(message))

const MOST_ROUNDS = 8

/** What the servers of one provider have turned out not to take, as long as the process lives. */
export interface LearnedConcessions {
  of(request: ModelRequest): Conceded
  learn(request: ModelRequest, conceded: Conceded): void
}

/** A model is remembered with and without tools: some servers stream, or write JSON, only without. */
export const learnedConcessions = (chosen: Conceded = new Set()): LearnedConcessions => {
  const known = new Map<string, Conceded>()
  const keyOf = ({ model, tools }: ModelRequest): string => `${tools.length > 0 ? 'tools' : 'none'} ${model}`
  return {
    of: (request) => known.get(keyOf(request)) ?? chosen,
    learn(request, conceded) {
      // A signature that is refused says nothing about the next one, and a limit nothing about another.
      known.set(keyOf(request), new Set([...conceded].filter((one) => one !== 'opaque' && one !== 'maxOutputTokens')))
    },
  }
}

interface Asking<Written> {
  readonly learned: LearnedConcessions
  /** The request without what is conceded, and what of it can still be left out. */
  readonly write: (conceded: Conceded) => Written
  readonly ask: (written: Written, streams: boolean) => Promise<Said>
  readonly failureOf: (thrown: unknown) => ModelFailure | undefined
}

/**
 * Asks, and where the server refuses the request for something that can be left out, asks once more without it. Such a refusal comes
 * before any answer and is not paid for; whatever else goes wrong is the outcome of the attempt.
 */
export const askConceding = async <Written extends { readonly offered: readonly Concession[] }>(
  request: ModelRequest,
  { learned, write, ask, failureOf }: Asking<Written>,
): Promise<Said> => {
  const known = learned.of(request)
  let conceded = known
  for (let round = 1; ; round++) {
    const written = write(conceded)
    const said = await refusedOr(() => ask(written, !conceded.has('stream')), failureOf)
    if ('ok' in said && said.ok && conceded !== known) learned.learn(request, conceded)
    const next = round < MOST_ROUNDS ? nextConcession(said, written.offered) : undefined
    if (next === undefined) return said
    conceded = new Set([...conceded, next])
  }
}

/** What is thrown and is no refusal of the vendor's goes on as it was thrown. */
const refusedOr = async (ask: () => Promise<Said>, failureOf: Asking<unknown>['failureOf']): Promise<Said> => {
  try {
    return await ask()
  } catch (thrown) {
    const failure = failureOf(thrown)
    if (failure?.status === undefined) throw thrown
    return failure
  }
}

/** What is tried before it. */
const MILDER: Readonly<Partial<Record<Concession, Concession>>> = { json_object: 'json_schema', toolChoice: 'forcedToolChoice' }

const nextConcession = (said: Said, offered: readonly Concession[]): Concession | undefined => {
  const failure: ModelOutcome = 'ok' in said ? said : said.unfinished
  if (failure.ok || !isRefusal(failure)) return undefined
  for (const [concession, words] of REFUSALS) {
    if (!words.test(failure.message)) continue
    const found = [MILDER[concession], concession].find((one) => one !== undefined && offered.includes(one))
    if (found !== undefined) return found
  }
  return undefined
}

/** What of a request can still be left out. */
export const offeredOf = (
  { output, settings, tools, toolChoice }: ModelRequest,
  messages: readonly Message[],
  conceded: Conceded,
  known: readonly Concession[],
): Concession[] => {
  const isThere = (one: Concession): boolean => {
    switch (one) {
      case 'json_schema':
      case 'json_object':
        return output !== undefined
      case 'stream_options':
        return !conceded.has('stream')
      case 'opaque':
        return messages.some((message) => message.role === 'assistant' && message.parts.some(({ type }) => type === 'opaque'))
      case 'forcedToolChoice':
        return forcesTool(toolChoice)
      case 'toolChoice':
      case 'parallelToolCalls':
        return tools.length > 0
      default:
        return one === 'stream' || settings[one] !== undefined || one === 'maxOutputTokens'
    }
  }
  return known.filter((one) => isThere(one) && !conceded.has(one))
}

/** What was left out of this request, for `dropped`. */
export const concededOf = ({ output, toolChoice }: ModelRequest, conceded: Conceded): string[] =>
  [...conceded].filter(
    (one) =>
      one !== 'opaque' && (output !== undefined || !one.startsWith('json')) && (forcesTool(toolChoice) || one !== 'forcedToolChoice'),
  )

/** What is said of the choice of tools; undefined for nothing. */
export const choiceIn = ({ toolChoice }: ModelRequest, conceded: Conceded): ToolChoice | undefined => {
  if (conceded.has('toolChoice')) return undefined
  return forcesTool(toolChoice) && conceded.has('forcedToolChoice') ? 'auto' : toolChoice
}

/** Those that are not conceded. */
export const settingsIn = ({ settings }: ModelRequest, conceded: Conceded): RequestSettings =>
  Object.fromEntries(Object.entries(settings).filter(([name]) => !conceded.has(name as keyof RequestSettings)))

/** Without the vendor's own opaque parts, once it has refused them. */
export const historyRules = (rules: HistoryRules, conceded: Conceded): HistoryRules =>
  conceded.has('opaque') ? { ...rules, isOwn: () => false } : rules

/** What is told the model where the server takes no schema. */
export const instructionsWithSchema = ({ instructions, output }: ModelRequest): string =>
  output === undefined
    ? instructions
    : `${instructions}\n\nAnswer with one JSON object and nothing else. It has to fit this JSON Schema:\n${JSON.stringify(output.schema)}`.trim()
