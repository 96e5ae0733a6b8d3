import type {
  ContentBlockParam,
  MessageCreateParamsStreaming,
  MessageParam,
  OutputConfig,
  ThinkingConfigParam,
  ToolChoice,
} from '@anthropic-ai/sdk/resources/messages'

import { isMedia, type MediaPart } from '../../events/content.ts'
import { toolCallsOf, type AssistantPart, type Message, type OpaquePart } from '../../events/message.ts'
import type { JsonObject } from '../../json.ts'
import {
  choiceIn,
  concededOf,
  historyRules,
  instructionsWithSchema,
  offeredOf,
  settingsIn,
  type Conceded,
  type Concession,
} from '../wire/concessions.ts'
import { legalHistory, type HistoryRules } from '../wire/legal-history.ts'
import { forcesTool, type ModelRequest, type RequestSettings, type ToolDeclaration } from '../model.ts'
import { resultContent, saidBlocks, textBlock, withoutDetail } from './content.ts'
import { closed } from '../wire/output-schema.ts'
import { withProviderOptions } from '../wire/provider-options.ts'
import { isVendorItem, uncarried } from '../wire/request-parts.ts'
import { nothingShown, type ShownMedia } from '../wire/shown-media.ts'
import { wellFormed } from '../wire/well-formed.ts'

export const ANTHROPIC_VENDOR = 'anthropic'

const RULES: HistoryRules = {
  vendor: ANTHROPIC_VENDOR,
  isOwn: isVendorItem,
  callId: /^[a-zA-Z0-9_-]{1,64}$/,
  takesBlankResults: true,
  mediaInToolResults: true,
}

/** The vendor demands a limit; every model sold today can write this much. */
const DEFAULT_MAX_TOKENS = 16_384
/** What even a model takes that can write less than it was told to. */
const SMALLEST_MAX_TOKENS = 4_096

const LEFT_OUT: readonly Concession[] = [
  ...(['json_schema', 'stream', 'opaque', 'forcedToolChoice', 'parallelToolCalls', 'maxOutputTokens'] as const),
  ...(['reasoningEffort', 'stopSequences', 'thinking'] as const),
]

/** Those that the vendor has; any other would be refused. */
const EFFORTS = ['low', 'medium', 'high', 'xhigh', 'max'] as const

/** The body of `POST /v1/messages`, and what it cannot carry: the API of 2026-10-21 has no sampling settings. Pure. */
export const anthropicRequest = (
  request: ModelRequest,
  conceded: Conceded = new Set(),
  shown: ShownMedia = nothingShown,
): { body: MessageCreateParamsStreaming; dropped: string[]; offered: Concession[] } => {
  const { messages, changed } = legalHistory(request, historyRules(RULES, conceded), shown)
  const gone = request.tools.length > 0 ? [] : toolsCalledIn(messages)
  const choice = gone.length > 0 ? 'none' : (choiceIn(request, conceded) ?? 'auto')
  const given = settingsIn(request, conceded)
  const dropped = [
    ...uncarried(given, ['temperature', 'topP', 'seed']),
    ...(given.reasoningEffort === undefined || isEffort(given.reasoningEffort) ? [] : ['reasoningEffort']),
    ...withoutDetail(shown),
    ...(mayThink(given, choice, messages) ? [] : ['thinking']),
  ]
  const settings = dropped.includes('thinking') ? { ...given, thinking: undefined } : given
  const body = bodyOf({ request, conceded, messages, shown, tools: [...request.tools, ...gone], choice, settings })
  const whole = withProviderOptions(body, request.providerOptions)
  const legal = wellFormed(whole)
  return {
    body: legal,
    dropped: [
      ...dropped,
      ...changed,
      ...(gone.length > 0 ? ['tools'] : []),
      ...(legal === whole ? [] : ['unicode']),
      ...concededOf(request, conceded),
    ],
    offered: offeredOf({ ...request, settings }, messages, conceded, LEFT_OUT),
  }
}

interface Written {
  readonly request: ModelRequest
  readonly conceded: Conceded
  readonly messages: readonly Message[]
  readonly shown: ShownMedia
  readonly tools: readonly ToolDeclaration[]
  readonly choice: ModelRequest['toolChoice']
  readonly settings: RequestSettings
}

const bodyOf = ({ request, conceded, messages, shown, tools, choice, settings }: Written): MessageCreateParamsStreaming => {
  const takesSchema = !conceded.has('json_schema')
  const instructions = takesSchema ? request.instructions : instructionsWithSchema(request)
  const outputConfig = outputConfigOf(settings, takesSchema ? request.output : undefined)
  return {
    model: request.model,
    max_tokens: limitOf(settings, conceded),
    // A run sends the same growing prompt at each step; other vendors cache it unasked.
    cache_control: { type: 'ephemeral' },
    ...(instructions.trim() !== '' && { system: instructions }),
    messages: turns(messages, shown),
    ...(tools.length > 0 && {
      tools: tools.map(({ name, description, inputSchema }) => ({
        name,
        description,
        input_schema: { ...inputSchema, type: 'object' as const },
      })),
      tool_choice: wireChoice(choice, settings.parallelToolCalls),
    }),
    ...(settings.thinking !== undefined && { thinking: thinkingOf(settings.thinking) }),
    ...(settings.stopSequences !== undefined && { stop_sequences: [...settings.stopSequences] }),
    ...(outputConfig && { output_config: outputConfig }),
    stream: true,
  }
}

/**
 * The vendor refuses thinking where a call is forced. Within a budget it wants it from the beginning of a turn on: an answer with calls that
 * begins without a block of it, since another vendor gave it or the call was forced, is refused with it.
 */
const mayThink = ({ thinking }: RequestSettings, choice: ModelRequest['toolChoice'], messages: readonly Message[]): boolean => {
  if (thinking === undefined || thinking === 'off') return true
  if (forcesTool(choice)) return false
  if (thinking === 'adaptive') return true
  const last = messages.findLast((message) => message.role === 'assistant')
  return last === undefined || toolCallsOf(last.parts).length === 0 || last.parts[0]?.type === 'opaque'
}

const thinkingOf = (thinking: NonNullable<RequestSettings['thinking']>): ThinkingConfigParam => {
  if (thinking === 'off') return { type: 'disabled' }
  return thinking === 'adaptive' ? { type: 'adaptive' } : { type: 'enabled', budget_tokens: thinking.budgetTokens }
}

/** What it thinks is part of it. */
const limitOf = ({ maxOutputTokens, thinking }: RequestSettings, conceded: Conceded): number => {
  if (maxOutputTokens !== undefined) return maxOutputTokens
  const budget = typeof thinking === 'object' ? thinking.budgetTokens : 0
  return budget + (conceded.has('maxOutputTokens') ? SMALLEST_MAX_TOKENS : DEFAULT_MAX_TOKENS)
}

/** The vendor refuses a conversation with calls where no tool is declared. */
const toolsCalledIn = (messages: readonly Message[]): readonly ToolDeclaration[] => {
  const names = new Set(
    messages.flatMap((message) => (message.role === 'assistant' ? toolCallsOf(message.parts) : [])).map(({ name }) => name),
  )
  return [...names].map((name) => ({ name, description: 'Is not there any more.', inputSchema: { type: 'object' } }))
}

const wireChoice = (choice: ModelRequest['toolChoice'], parallel: boolean | undefined): ToolChoice => {
  if (choice === 'none') return { type: 'none' }
  const alone = parallel !== undefined && { disable_parallel_tool_use: !parallel }
  if (typeof choice === 'object') return { type: 'tool', name: choice.tool, ...alone }
  return { type: choice === 'required' ? 'any' : 'auto', ...alone }
}

type Effort = (typeof EFFORTS)[number]

const isEffort = (effort: string): effort is Effort => (EFFORTS as readonly string[]).includes(effort)

const outputConfigOf = ({ reasoningEffort: effort }: RequestSettings, output: ModelRequest['output']): OutputConfig | undefined => {
  const config = {
    ...(effort !== undefined && isEffort(effort) && { effort }),
    ...(output && { format: { type: 'json_schema' as const, schema: closed(output.schema) } }),
  }
  return Object.keys(config).length === 0 ? undefined : config
}

/** Turns alternate, and the results of all calls of a turn have to stand in the one user turn that follows it. */
const turns = (messages: readonly Message[], shown: ShownMedia): MessageParam[] => {
  const merged: { role: 'user' | 'assistant'; content: ContentBlockParam[] }[] = []
  for (const message of messages) {
    const role = message.role === 'assistant' ? 'assistant' : 'user'
    const blocks = blocksOf(message, shown)
    const last = merged.at(-1)
    if (last?.role === role) last.content.push(...blocks)
    else merged.push({ role, content: blocks })
  }
  return merged
}

const blocksOf = (message: Message, shown: ShownMedia): ContentBlockParam[] => {
  switch (message.role) {
    case 'user':
      return saidBlocks(message.parts, shown)
    case 'tool':
      return [toolResult(message, resultContent(message.parts, shown))]
    case 'assistant':
      return message.parts.filter((part) => !isMedia(part)).map(assistantBlock)
  }
}

const toolResult = ({ id, isError }: Extract<Message, { role: 'tool' }>, content: ReturnType<typeof resultContent>): ContentBlockParam => ({
  type: 'tool_result',
  tool_use_id: id,
  content,
  ...(isError && { is_error: true }),
})

const assistantBlock = (part: Exclude<AssistantPart, MediaPart>): ContentBlockParam => {
  switch (part.type) {
    case 'text':
      return textBlock(part.text)
    case 'toolCall':
      return { type: 'tool_use', id: part.id, name: part.name, input: JSON.parse(part.argumentsText) as JsonObject }
    case 'opaque':
      return verbatimBlock(part)
  }
}

/** It came from this vendor as a block and goes back as one: nobody between has looked inside. */
const verbatimBlock = ({ content }: OpaquePart): ContentBlockParam => content as unknown as ContentBlockParam
