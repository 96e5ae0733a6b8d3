import { bodyLimit } from 'hono/body-limit'
import { createMiddleware } from 'hono/factory'
import { keyRing, localAccess, type Access } from './api-keys.ts'
import type { ApiParts } from './api-parts.ts'
import type { HttpEnv } from './http-env.ts'
import { isLoopback } from './loopback.ts'
import { HttpProblem } from './problem.ts'
import { tokenBuckets } from './rate-limit.ts'

// What every request below /v1 passes before it meets a route: who is it, how often, how large.

/** Tells who it is. Without configured keys everybody is let in who calls this machine by its own name. */
export const identify = ({ settings }: ApiParts) => {
  const accessOf = keyRing(settings.keys)
  return createMiddleware<HttpEnv>(async (c, next) => {
    if (settings.keys.length === 0) requireLocalHost(c.req.header('host'))
    c.set('access', settings.keys.length === 0 ? localAccess : known(accessOf, c.req.header('authorization')))
    await next()
  })
}

/** A page on the web may make its own name point at this machine: a browser then sends that name. */
const requireLocalHost = (host: string | undefined): void => {
  const name = URL.parse(`http://${host ?? ''}`)?.hostname ?? ''
  if (isLoopback(name)) return
  throw new HttpProblem(
    'HostUnknown',
    `Expected a request to localhost, since no API keys are configured, found one to ${host ?? '(no host)'}`,
  )
}

const known = (accessOf: (key: string) => Access | undefined, authorization: string | undefined): Access => {
  const key = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1]
  if (key === undefined) {
    throw new HttpProblem('KeyMissing', 'Expected the header `Authorization: Bearer KEY`, found none', {
      headers: { 'www-authenticate': 'Bearer' },
    })
  }
  const access = accessOf(key)
  if (access !== undefined) return access
  throw new HttpProblem('KeyUnknown', 'Expected an API key that is configured, found another', {
    headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
  })
}

export const limitRate = ({ clock, settings }: ApiParts) => {
  const buckets = tokenBuckets(clock, settings.rateLimit)
  return createMiddleware<HttpEnv>(async (c, next) => {
    const { name } = c.get('access')
    const waitMs = buckets.take(name)
    if (waitMs > 0) {
      const { perSecond, burst } = settings.rateLimit
      throw new HttpProblem('RateLimited', `Expected ${perSecond} requests a second of ${name} at most, ${burst} at once, found more`, {
        headers: { 'retry-after': String(Math.ceil(waitMs / 1000)) },
      })
    }
    await next()
  })
}

export const limitBody = ({ settings }: ApiParts) => {
  const limit = bodyLimit({
    maxSize: settings.bodyLimitBytes,
    onError: () => {
      throw new HttpProblem('RequestTooLarge', `Expected a body of ${settings.bodyLimitBytes} bytes at most, found a larger one`)
    },
  })
  return createMiddleware<HttpEnv>((c, next) => {
    // The limit puts a body of unknown length into a new request, which cannot be made of the server's stand-in for one.
    if (c.req.header('content-length') === undefined) c.req.raw = c.req.raw.clone()
    return limit(c, next)
  })
}
