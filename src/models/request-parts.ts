import type { AssistantPart, Message } from '../events/message.ts'

/** `opaque:<vendor>` for each other vendor whose opaque parts these messages hold. `carried` is the vendor that gets its own back. */
export const droppedOpaque = (messages: readonly Message[], carried?: string): string[] => {
  const vendors = messages
    .flatMap((message): readonly AssistantPart[] => (message.role === 'assistant' ? message.parts : []))
    .flatMap((part) => (part.type === 'opaque' && part.vendor !== carried ? [part.vendor] : []))
  return [...new Set(vendors)].sort().map((vendor) => `opaque:${vendor}`)
}

/** OpenAI's wires have no flag for a tool that failed, so the text has to say it; most tools' texts do already. */
export const toolTextWithError = ({ text, isError }: { readonly text: string; readonly isError: boolean }): string =>
  isError && !text.startsWith('Error') ? `Error: ${text}` : text
