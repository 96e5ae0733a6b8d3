import type { RunEvent } from '../events/envelope.ts'
import { shown } from './bounded-text.ts'

const APART = shown(undefined)

/** What stands in place of a payload whose field is not a text. */
const standIns: Readonly<Record<string, unknown>> = {
  parts: [{ type: 'text', text: APART }],
  subject: { question: APART },
}

/** An event whose payloads in the blob store read `(stored apart)`, in the shape of their fields: a view never fetches them. */
export const withoutPayloads = (event: RunEvent): RunEvent => {
  const { blobs } = event.meta
  if (!Array.isArray(blobs) || blobs.length === 0) return event
  const data: Record<string, unknown> = { ...event.data }
  for (const field of blobs) data[field] = standIns[field] ?? APART
  return { ...event, data } as unknown as RunEvent
}
