import type { JsonObject } from '../json.ts'
import type { RunEventType } from './run-events.ts'

type Upcaster = (data: JsonObject) => JsonObject

/** What was said was one text. Where a payload is not at hand, what stands for the text stands for the parts. */
function textToParts({ text, ...rest }: JsonObject): JsonObject {
  if (text === undefined) return rest
  return { ...rest, parts: typeof text === 'string' ? [{ type: 'text', text }] : text }
}

/** Per type: what turns version N into N+1, at index N-1. A type without a row is at version 1. */
const upcasters: Partial<Record<RunEventType, readonly Upcaster[]>> = {
  MessageReceived: [textToParts],
  InputAccepted: [textToParts],
  OutputAccepted: [textToParts],
  HumanAnswerReceived: [textToParts],
}

export const currentVersion = (type: RunEventType): number => (upcasters[type]?.length ?? 0) + 1

/** Yesterday's data in today's shape. */
export const upcast = (type: RunEventType, version: number, data: JsonObject): JsonObject =>
  (upcasters[type] ?? []).slice(version - 1).reduce((older, toNext) => toNext(older), data)

/** What a field of yesterday's data is called today. */
export const fieldToday = (type: RunEventType, version: number, field: string): string =>
  field === 'text' && (upcasters[type] ?? []).slice(version - 1).includes(textToParts) ? 'parts' : field
