import { createMiddleware } from 'hono/factory'
import type { Scope } from './api-keys.ts'
import type { HttpEnv } from './http-env.ts'
import { HttpProblem } from './problem.ts'

/** Lets through who may do this. */
export const requires = (scope: Scope) =>
  createMiddleware<HttpEnv>(async (c, next) => {
    const { name, scopes } = c.get('access')
    if (!scopes.has(scope)) {
      throw new HttpProblem('ScopeMissing', `Expected a key with the scope ${scope}, found ${name} with ${[...scopes].join(', ')}`)
    }
    await next()
  })
