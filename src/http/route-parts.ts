import type { z } from 'zod'
import type { Access, Scope } from './api-keys.ts'
import { createMiddleware } from 'hono/factory'
import type { HttpEnv } from './http-env.ts'
import { HttpProblem } from './problem.ts'

const JSON_TYPE = 'application/json'

/** Only for keys with this scope. */
export const guardedBy = (scope: Scope) => ({ security: [{ apiKey: [scope] }, { session: [scope] }], middleware: requires(scope) })

export const body = <Schema extends z.ZodType>(schema: Schema) => ({ required: true, content: { [JSON_TYPE]: { schema } } }) as const

/** May be left out where the request has nothing more to say. */
export const optionalBody = <Schema extends z.ZodType>(schema: Schema) =>
  ({ required: false, content: { [JSON_TYPE]: { schema } } }) as const

export const answers = <Schema extends z.ZodType>(description: string, schema: Schema) =>
  ({ 200: { description, content: { [JSON_TYPE]: { schema } } } }) as const

/** Lets through who may do this. */
const requires = (scope: Scope) =>
  createMiddleware<HttpEnv>(async (c, next) => {
    requireScope(c.get('access'), scope)
    await next()
  })

/** Throws `ScopeMissing`. */
export const requireScope = ({ name, scopes }: Access, scope: Scope): void => {
  if (scopes.has(scope)) return
  throw new HttpProblem('ScopeMissing', `Expected a key with the scope ${scope}, found ${name} with ${[...scopes].join(', ')}`)
}
