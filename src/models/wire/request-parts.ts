import { textsOf } from '../../events/content.ts'
import type { Message } from '../../events/message.ts'
import type { Json } from '../../json.ts'
import type { RequestSettings } from '../model.ts'

/** OpenAI's wires have no flag for a tool that failed, so the text has to say it; most tools' texts do already. */
export const toolTextWithError = ({ parts, isError }: Extract<Message, { role: 'tool' }>): string => {
  const text = textsOf(parts)
  return isError && !text.startsWith('Error') ? `Error: ${text}` : text
}

/** Something of a vendor's that is kept whole: a JSON object with a `type`. */
export const isVendorItem = (content: Json): boolean =>
  typeof content === 'object' && content !== null && 'type' in content && typeof content.type === 'string'

/** The name of an output schema as vendors take it: an agent's name may hold points and be longer. */
export const schemaName = (name: string): string => name.replaceAll(/[^a-zA-Z0-9_-]/g, '_').slice(0, 64)

/** Those of the settings that are there, of the ones that a wire has no field for: for `dropped`. */
export const uncarried = (settings: RequestSettings, names: readonly (keyof RequestSettings)[]): string[] =>
  names.filter((name) => settings[name] !== undefined)
