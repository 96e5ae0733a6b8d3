import { z } from 'zod'
import { isTooDeep, MAX_JSON_DEPTH, jsonText, type Json } from '../json.ts'
import { attempted, messageOf } from '../errors.ts'

export type CheckedJson =
  | { readonly ok: true; readonly value: Json; readonly text: string }
  /** `problem` may be told to a model; `cause`, where the schema itself failed, is for whoever runs the agent. */
  | { readonly ok: false; readonly problem: string; readonly cause?: string }

/**
 * A value as its schema leaves it (defaults, transforms, without extra keys), as JSON: what the log holds and everybody else gets.
 * A schema that throws, or wants to wait, lets nothing through.
 */
export const checkedJson = (schema: z.ZodType, value: unknown): CheckedJson => {
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
