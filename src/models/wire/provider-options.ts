import type { Json, JsonObject } from '../../json.ts'

/** What Refold writes itself: by its place in any vendor's request, and the word of Refold for it where there is one. */
const OWNED: Readonly<Record<string, string>> = {
  model: 'models',
  messages: '',
  input: '',
  system: 'instructions',
  instructions: 'instructions',
  prompt: 'instructions',
  tools: 'tools',
  functions: 'tools',
  mcp_servers: 'tools',
  tool_choice: 'toolChoice',
  function_call: 'toolChoice',
  parallel_tool_calls: 'parallelToolCalls',
  max_tokens: 'maxOutputTokens',
  max_completion_tokens: 'maxOutputTokens',
  max_output_tokens: 'maxOutputTokens',
  stop: 'stopSequences',
  stop_sequences: 'stopSequences',
  reasoning_effort: 'reasoningEffort',
  'reasoning.effort': 'reasoningEffort',
  'output_config.effort': 'reasoningEffort',
  thinking: 'thinking',
  response_format: 'output',
  'text.format': 'output',
  'output_config.format': 'output',
  n: '',
  stream: '',
  stream_options: '',
  store: '',
  include: '',
  background: '',
  conversation: '',
  previous_response_id: '',
}

/** What keeps options from being merged into a request, in words; undefined for nothing. */
export const ownedOption = (options: JsonObject): string | undefined => {
  for (const [path, word] of Object.entries(OWNED)) {
    const [name = '', member] = path.split('.')
    const isThere = Object.hasOwn(options, name) && (member === undefined || isWhole(options[name], member))
    if (isThere) return word === '' ? `${path}, which Refold writes itself` : `${path}, which is \`${word}\` of the agent`
  }
  return undefined
}

/** What is no object would stand in the place of all its members. */
const isWhole = (value: Json | undefined, member: string): boolean => !isObject(value) || Object.hasOwn(value, member)

/** The request with the options over it; objects are merged. */
export const withProviderOptions = <Body extends object>(body: Body, options: JsonObject | undefined): Body =>
  options === undefined ? body : (merged(body as unknown as JsonObject, options) as unknown as Body)

const merged = (below: JsonObject, above: JsonObject): JsonObject => ({
  ...below,
  ...Object.fromEntries(
    Object.entries(above).map(([name, value]) => {
      const beneath = Object.hasOwn(below, name) ? below[name] : undefined
      return [name, isObject(beneath) && isObject(value) ? merged(beneath, value) : value]
    }),
  ),
})

const isObject = (value: Json | undefined): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value)
