import { z } from 'zod'
import { attempted, messageOf } from '../errors.ts'
import { isTooDeep, protoMember, MAX_JSON_DEPTH, jsonText, type Json } from '../json.ts'

export type CheckedJson =
  | { readonly ok: true; readonly value: Json; readonly text: string }
  /** `problem` may be told to a model; `cause`, where the schema itself failed, is for whoever runs the agent. */
  | { readonly ok: false; readonly problem: string; readonly cause?: string }

/**
 * A value as its schema leaves it (defaults, transforms, without extra keys), as JSON: what the log holds and everybody else gets.
 * A schema that throws, or wants to wait, lets nothing through.
 */
export const checkedJson = (schema: z.ZodType, value: unknown): CheckedJson => {
  const proto = attempted(
    () => protoMember(value),
    (found) => found as string | undefined,
  )
  if (proto.ok && proto.value !== undefined) return { ok: false, problem: `expected no member ${proto.value}` }
  const checked = attempted(() => schema.safeParse(value), readResult)
  if (!checked.ok) return { ok: false, problem: 'it could not be checked', cause: checked.problem }
  if ('problem' in checked.value) return { ok: false, problem: checked.value.problem }
  return asJson(checked.value.data)
}

const readResult = (result: unknown): { readonly data: unknown } | { readonly problem: string } => {
  const { success, data, error } = result as z.ZodSafeParseResult<unknown>
  return success ? { data } : { problem: z.prettifyError(error) }
}

const asJson = (value: unknown): CheckedJson => {
  try {
    const text = jsonText(value ?? null)
    const plain = JSON.parse(text) as Json
    return isTooDeep(plain) ? { ok: false, problem: `it has more than ${MAX_JSON_DEPTH} levels` } : { ok: true, value: plain, text }
  } catch (error) {
    return { ok: false, problem: messageOf(error) }
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
