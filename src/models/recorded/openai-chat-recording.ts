import type { Recording } from './recordings.ts'

/** An assistant message as OpenAI's Chat Completions return it and as recorded conversations hold it. */
export interface RecordedAssistantMessage {
  readonly content?: string | null | undefined
  readonly tool_calls?:
    readonly { readonly id: string; readonly function: { readonly name: string; readonly arguments: string } }[] | null | undefined
}

/**
 * The recording that answers a request of this key with this message, for conversations that were kept without their
 * exchanges. It holds no usage, since none was kept: the adapter estimates it, as for every server that does not count.
 */
export const openaiChatRecording = (
  key: string,
  { content, tool_calls: toolCalls }: RecordedAssistantMessage,
  model: string,
): Recording => {
  const calls = toolCalls ?? []
  const chunk = (delta: object, finishReason: string | null): string =>
    `data: ${JSON.stringify({ object: 'chat.completion.chunk', model, choices: [{ index: 0, delta, finish_reason: finishReason }] })}\n\n`
  return {
    key,
    path: '/v1/chat/completions',
    status: 200,
    headers: { 'content-type': 'text/event-stream' },
    chunks: [
      ...(content ? [chunk({ content }, null)] : []),
      ...calls.map(({ id, function: { name, arguments: argumentsText } }, index) =>
        chunk({ tool_calls: [{ index, id, type: 'function', function: { name, arguments: argumentsText } }] }, null),
      ),
      chunk({}, calls.length > 0 ? 'tool_calls' : 'stop'),
      'data: [DONE]\n\n',
    ],
  }
}
