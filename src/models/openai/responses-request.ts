import type { ResponseCreateParamsStreaming, ResponseInputItem, ResponseTextConfig } from 'openai/resources/responses/responses'

import { isMedia } from '../../events/content.ts'
import type { AssistantPart, Message, OpaquePart } from '../../events/message.ts'
import type { ToolChoice } from '../../events/model-settings.ts'
import type { Json } from '../../json.ts'
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
import type { ModelRequest, RequestSettings } from '../model.ts'
import { responsesContent } from './responses-content.ts'
import { isStrict } from '../wire/output-schema.ts'
import { withProviderOptions } from '../wire/provider-options.ts'
import { isVendorItem, schemaName, toolTextWithError, uncarried } from '../wire/request-parts.ts'
import { nothingShown, type ShownMedia } from '../wire/shown-media.ts'
import { wellFormed } from '../wire/well-formed.ts'

export const OPENAI_VENDOR = 'openai'

const RULES: HistoryRules = {
  vendor: OPENAI_VENDOR,
  isOwn: (content) => isPhaseMarker(content) || isVendorItem(content),
  callId: /^[a-zA-Z0-9_-]{1,64}$/,
  takesBlankResults: true,
  mediaInToolResults: true,
}

/** What stands for `phase` in the parts: it belongs to the message whose text follows it. */
type PhaseMarker = { readonly phase: 'commentary' | 'final_answer' }

const LEFT_OUT: readonly Concession[] = [
  ...(['json_schema', 'json_object', 'stream', 'opaque', 'forcedToolChoice', 'toolChoice', 'parallelToolCalls'] as const),
  ...(['maxOutputTokens', 'temperature', 'topP', 'reasoningEffort'] as const),
]

/** The body of `POST /responses`, and what it cannot carry. Nothing is stored at the vendor, so reasoning travels encrypted. Pure. */
export const openaiResponsesRequest = (
  request: ModelRequest,
  conceded: Conceded = new Set(),
  shown: ShownMedia = nothingShown,
): { body: ResponseCreateParamsStreaming; dropped: string[]; offered: Concession[] } => {
  const { model, tools } = request
  const settings = settingsIn(request, conceded)
  const { messages, changed } = legalHistory(request, historyRules(RULES, conceded), shown)
  const instructions = conceded.has('json_schema') ? instructionsWithSchema(request) : request.instructions
  const format = formatOf(request, conceded)
  const choice = choiceIn(request, conceded)
  const body: ResponseCreateParamsStreaming = {
    model,
    ...(instructions.trim() !== '' && { instructions }),
    input: messages.flatMap((message) => inputItems(message, shown)),
    ...(tools.length > 0 && {
      tools: tools.map(({ name, description, inputSchema }) => ({
        type: 'function' as const,
        name,
        description,
        parameters: inputSchema,
        strict: false,
      })),
      ...(choice !== undefined && { tool_choice: wireChoice(choice) }),
      ...(settings.parallelToolCalls !== undefined && { parallel_tool_calls: settings.parallelToolCalls }),
    }),
    ...(format && { text: { format } }),
    ...wireSettings(settings),
    store: false,
    include: ['reasoning.encrypted_content'],
    stream: true,
  }
  const whole = withProviderOptions(body, request.providerOptions)
  const legal = wellFormed(whole)
  return {
    body: legal,
    dropped: [
      ...uncarried(settings, ['seed', 'stopSequences', 'thinking']),
      ...changed,
      ...(legal === whole ? [] : ['unicode']),
      ...concededOf(request, conceded),
    ],
    offered: offeredOf(request, messages, conceded, LEFT_OUT),
  }
}

const wireSettings = (settings: RequestSettings) => ({
  ...(settings.maxOutputTokens !== undefined && { max_output_tokens: settings.maxOutputTokens }),
  ...(settings.temperature !== undefined && { temperature: settings.temperature }),
  ...(settings.topP !== undefined && { top_p: settings.topP }),
  ...(settings.reasoningEffort !== undefined && { reasoning: { effort: settings.reasoningEffort } }),
})

const wireChoice = (choice: ToolChoice): NonNullable<ResponseCreateParamsStreaming['tool_choice']> =>
  typeof choice === 'string' ? choice : { type: 'function', name: choice.tool }

const formatOf = ({ output }: ModelRequest, conceded: Conceded): ResponseTextConfig['format'] | undefined => {
  if (output === undefined || conceded.has('json_object')) return undefined
  if (conceded.has('json_schema')) return { type: 'json_object' }
  return { type: 'json_schema', name: schemaName(output.name), schema: output.schema, strict: isStrict(output.schema) }
}

const inputItems = (message: Message, shown: ShownMedia): ResponseInputItem[] => {
  switch (message.role) {
    case 'user':
      return [{ role: 'user', content: responsesContent(message.parts, shown) }]
    case 'tool':
      return [{ type: 'function_call_output', call_id: message.id, output: resultOf(message, shown) }]
    case 'assistant':
      return assistantItems(message.parts)
  }
}

const resultOf = (message: Extract<Message, { role: 'tool' }>, shown: ShownMedia): ReturnType<typeof responsesContent> =>
  message.parts.some(isMedia) ? responsesContent(message.parts, shown) : toolTextWithError(message)

const assistantItems = (parts: readonly AssistantPart[]): ResponseInputItem[] => {
  const items: ResponseInputItem[] = []
  let phase: PhaseMarker | undefined
  for (const part of parts) {
    if (part.type === 'text') {
      items.push({ role: 'assistant', content: part.text, ...phase })
      phase = undefined
    } else if (part.type === 'toolCall') {
      items.push({ type: 'function_call', call_id: part.id, name: part.name, arguments: part.argumentsText })
    } else if (part.type !== 'opaque') continue
    else if (isPhaseMarker(part.content)) phase = part.content
    else items.push(verbatimItem(part))
  }
  return items
}

const isPhaseMarker = (content: Json): content is PhaseMarker =>
  typeof content === 'object' && content !== null && 'phase' in content && !('type' in content)

/** It came from this vendor as an item and goes back as one: nobody between has looked inside. */
const verbatimItem = ({ content }: OpaquePart): ResponseInputItem => content as unknown as ResponseInputItem
