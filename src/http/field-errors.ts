import type { z } from 'zod'
import { HttpProblem } from './problem.ts'

const NAMES: Readonly<Record<string, string>> = { json: 'body', param: 'path' }

/** Every field of one part of a request that is not as the contract says. */
export const fieldErrors = (target: string, error: z.ZodError): HttpProblem => {
  const part = NAMES[target] ?? target
  const errors = error.issues.map(({ path, message }) => ({ field: [part, ...path.map(String)].join('.'), message }))
  const first = errors
    .slice(0, 5)
    .map(({ field, message }) => `${field}: ${message}`)
    .join('; ')
  return new HttpProblem('InvalidInput', `The request is not as expected: ${first}`, { errors })
}
