import { canonicalJson, openaiChatRecording, type Json, type Recording, type RecordingMatch } from 'refold'
import { endOf, type RecordedMessage, type RecordedRun } from './recorded-runs.ts'

const MODEL = 'gpt-4o'

/** What the model was told so far decides what it said: nothing else of a request counts, and an id of a tool call only as its place. */
export const byConversation: RecordingMatch = (_, body) => conversationKey((body as { readonly messages: readonly WireMessage[] }).messages)

interface WireMessage {
  readonly [name: string]: Json
}

/** The model used some ids twice, which other vendors refuse: so a request gives each call an id that no other has. */
const conversationKey = (messages: readonly WireMessage[]): string => {
  const places = new Map<Json, string>()
  let calls = 0
  return canonicalJson(
    messages.map((message) => {
      const { tool_calls: called, tool_call_id: answered } = message
      if (answered !== undefined) return { ...message, tool_call_id: places.get(answered) ?? answered }
      if (!Array.isArray(called)) return message
      const numbered = (called as readonly WireMessage[]).map((call) => {
        const place = `call ${(calls += 1)}`
        places.set(call['id'] ?? null, place)
        return { ...call, id: place }
      })
      return { ...message, tool_calls: numbered }
    }),
  )
}

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

const conversation = (messages: readonly RecordedMessage[]): string => conversationKey(messages.map(wire))

const wire = (message: RecordedMessage): WireMessage => {
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
