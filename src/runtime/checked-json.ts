import { z } from 'zod'
import { attempted, isAppError, messageOf } from '../errors.ts'
import { measuredJson, protoMember, type MeasuredJson } from '../json.ts'

export type CheckedJson =
  | ({ readonly ok: true } & MeasuredJson)
  /** `problem` may be told to a model; `cause`, where the schema itself failed, is for whoever runs the agent. */
  | { readonly ok: false; readonly problem: string; readonly cause?: string; readonly isTooLarge?: true }

/** In UTF-8: far more than is recorded of anything. A small value in which others stand again and again has a text without end. */
const LARGEST = 64 * 1024 * 1024

/**
 * A value as its schema leaves it (defaults, transforms, without extra keys), as JSON: what the log holds and everybody else gets.
 * A schema that throws, or wants to wait, lets nothing through, and nothing that has more than `maxBytes` or 64 MiB, whichever is more.
 */
export const checkedJson = (schema: z.ZodType, value: unknown, maxBytes = LARGEST): CheckedJson => {
  const proto = attempted(
    () => protoMember(value),
    (found) => found as string | undefined,
  )
  if (proto.ok && proto.value !== undefined) return { ok: false, problem: `expected no member ${proto.value}` }
  const checked = attempted(() => schema.safeParse(value), readResult)
  if (!checked.ok) return { ok: false, problem: 'it could not be checked', cause: checked.problem }
  if ('problem' in checked.value) return { ok: false, problem: checked.value.problem }
  return asJson(checked.value.data, Math.max(LARGEST, maxBytes))
}

const readResult = (result: unknown): { readonly data: unknown } | { readonly problem: string } => {
  const { success, data, error } = result as z.ZodSafeParseResult<unknown>
  return success ? { data } : { problem: z.prettifyError(error) }
}

const asJson = (value: unknown, maxBytes: number): CheckedJson => {
  try {
    return { ok: true, ...measuredJson(value ?? null, { maxBytes }) }
  } catch (error) {
    const isTooLarge = isAppError(error) && error.details.maxBytes !== undefined
    return { ok: false, problem: messageOf(error), ...(isTooLarge && { isTooLarge }) }
  }
}

/** A fence of Markdown, with or without the name of a language. */
const FENCE = /```[a-zA-Z0-9]*\s*\n([\s\S]*?)```/g
/** Looking for JSON among words is tried from so many places. */
const MOST_PLACES = 64

/**
 * The JSON that an answer is, also where a model has put it into a fence or words around it, as models do that cannot be held to a schema.
 * Throws the `SyntaxError` of the whole text where it holds none.
 */
export const jsonOfAnswer = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch (whole) {
    for (const candidate of candidatesIn(text)) {
      const found = parsed(candidate)
      if (found !== undefined) return found
    }
    throw whole
  }
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What is in the last fence first: models think aloud before they answer. */
const candidatesIn = function* (text: string): Generator<string> {
  for (const fence of [...text.matchAll(FENCE)].reverse()) yield fence[1] ?? ''
  let places = 0
  for (let start = text.search(/[{[]/); start >= 0 && places < MOST_PLACES; places++) {
    const end = endOfValue(text, start)
    if (end !== undefined) yield text.slice(start, end)
    // What is inside of a value that was tried is no answer of its own.
    const next = text.slice(end ?? start + 1).search(/[{[]/)
    start = next < 0 ? -1 : (end ?? start + 1) + next
  }
}

/** Where the object or list that begins at `start` is closed. */
const endOfValue = (text: string, start: number): number | undefined => {
  let depth = 0
  let isText = false
  for (let index = start; index < text.length; index++) {
    const unit = text[index] ?? ''
    if (unit === '"') isText = !isText
    else if (isText && unit === '\\') index++
    else if (!isText && '{['.includes(unit)) depth++
    else if (!isText && '}]'.includes(unit) && --depth === 0) return index + 1
  }
  return undefined
}
