import type { OpenAPIHono } from '@hono/zod-openapi'
import { keyRing, type Access } from './api-keys.ts'
import type { ApiParts } from './api-parts.ts'
import type { HttpEnv } from './http-env.ts'
import { HttpProblem } from './problem.ts'
import { endSession, setSession } from './session-cookie.ts'
import { sessionRoutes as routes } from './session-routes.ts'

/** Of people who have a browser. What is asked here needs no key: it comes before whatever asks for one. */
export const addSignIn = (app: OpenAPIHono<HttpEnv>, { settings, sessions }: ApiParts): void => {
  const accessOf = keyRing(settings.keys)
  app.openapi(routes.begin, (c) => {
    if (settings.keys.length === 0)
      throw new HttpProblem('NotPossible', 'Expected a service with keys, found one that needs none: no session is needed')
    const access = accessOf(c.req.valid('json').key)
    if (access === undefined) throw new HttpProblem('KeyUnknown', 'Expected an API key that is configured, found another')
    const { token, until } = sessions.begin(access.name)
    setSession(c, token)
    return c.json(shown({ ...access, until }), 200)
  })
  app.openapi(routes.end, (c) => {
    endSession(c)
    return c.body(null, 204)
  })
}

export const addSession = (app: OpenAPIHono<HttpEnv>): void => {
  app.openapi(routes.get, (c) => c.json(shown(c.get('access')), 200))
}

const shown = ({ name, tenant, scopes, until }: Access) => ({
  name,
  tenant: tenant ?? null,
  scopes: [...scopes],
  expiresAt: until ?? null,
})
