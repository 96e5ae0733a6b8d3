import { canonicalJson, openaiChatRecording, type Json, type Recording, type RecordingMatch } from 'refold'
import { endOf, type RecordedMessage, type RecordedRun } from './recorded-runs.ts'

const MODEL = 'gpt-4o'

/** What the model was told so far decides what it said: nothing else of a request counts. */
export const byConversation: RecordingMatch = (_, body) => canonicalJson((body as { readonly messages: Json }).messages)

/** One recording for each thing the model said, found by the conversation up to there. */
export const recordingsOf = (run: RecordedRun): Recording[] => {
  const recordings = run.messages.flatMap((message, index) =>
    message.role === 'assistant' ? [openaiChatRecording(conversation(run.messages.slice(0, index)), message, MODEL)] : [],
  )
  // The benchmark stopped these after their 30th message, a tool call: what the model would have said then, nobody knows.
  if (endOf(run.messages) === 'stepLimit' && run.messages.at(-1)?.role === 'tool') {
    recordings.push(openaiChatRecording(conversation(run.messages), { content: '(the recording ends at the step limit)' }, MODEL))
  }
  return recordings
}

const conversation = (messages: readonly RecordedMessage[]): string => canonicalJson(messages.map(wire))

const wire = (message: RecordedMessage): Json => {
  switch (message.role) {
    case 'tool':
      return { role: 'tool', tool_call_id: message.tool_call_id, content: message.content }
    case 'assistant':
      return message.tool_calls === undefined
        ? { role: 'assistant', content: message.content ?? '' }
        : { role: 'assistant', content: message.content === '' ? null : message.content, tool_calls: message.tool_calls }
    default:
      return { role: message.role, content: message.content }
  }
}
