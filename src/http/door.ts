import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import ipaddr from 'ipaddr.js'
import { keyRing, localAccess, type Access } from './api-keys.ts'
import type { ApiParts } from './api-parts.ts'
import { requireOwnSite } from './foreign-pages.ts'
import type { HttpEnv } from './http-env.ts'
import { isLoopback } from './loopback.ts'
import { HttpProblem } from './problem.ts'
import { tokenBuckets } from './rate-limit.ts'
import { sessionToken } from './session-cookie.ts'

// What requests pass before they meet a route: by which name, who is it, how often.

/** A page on the web may make its own name point at this machine: a browser then sends that name. */
export const requireHost = ({ settings }: Pick<ApiParts, 'settings'>) => {
  const { keys, hosts } = settings
  const isRight = (name: string): boolean => (keys.length > 0 && hosts.length === 0) || hosts.includes(name) || isLoopback(name)
  return createMiddleware<HttpEnv>(async (c, next) => {
    const host = c.req.header('host')
    if (!ASKED_BY_ADDRESS.has(c.req.path) && !isRight(URL.parse(`http://${host ?? ''}`)?.hostname ?? '')) {
      const expected = hosts.length > 0 ? `one of ${hosts.join(', ')}, or localhost` : 'localhost, since no API keys are configured'
      throw new HttpProblem('HostUnknown', `Expected a request to ${expected}, found one to ${host ?? '(no host)'}`)
    }
    await next()
  })
}

/** Whoever supervises the process asks by whatever address it has. */
const ASKED_BY_ADDRESS: ReadonlySet<string> = new Set(['/healthz', '/readyz'])

/** Tells who it is: by the key that comes along, or by the session of a page. Without configured keys everybody is let in. */
export const identify = ({ settings, sessions }: Pick<ApiParts, 'settings' | 'sessions'>) => {
  const accessOf = keyRing(settings.keys)
  const ofKey = (authorization: string): Access => {
    const key = /^Bearer +(\S+) *$/i.exec(authorization)?.[1]
    if (key === undefined) throw keyMissing('another')
    const access = accessOf(key)
    if (access !== undefined) return access
    throw new HttpProblem('KeyUnknown', 'Expected an API key that is configured, found another', {
      headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
    })
  }
  const ofSession = (c: Context<HttpEnv>): Access => {
    const token = sessionToken(c)
    if (token === undefined) throw keyMissing('none')
    requireOwnSite(c.req.header('sec-fetch-site'))
    const access = sessions.accessOf(token)
    if (access !== undefined) return access
    throw new HttpProblem('SessionOver', 'Expected a session that goes on, found one that has ended, or whose key is gone: sign in again')
  }
  return createMiddleware<HttpEnv>(async (c, next) => {
    const authorization = c.req.header('authorization')
    const access = (): Access => (authorization === undefined ? ofSession(c) : ofKey(authorization))
    c.set('access', settings.keys.length === 0 ? localAccess : access())
    await next()
  })
}

const keyMissing = (found: string): HttpProblem =>
  new HttpProblem('KeyMissing', `Expected the header \`Authorization: Bearer KEY\`, found ${found}`, {
    headers: { 'www-authenticate': 'Bearer' },
  })

/** Sign-in and sign-out, from each address as often as one key may ask: who signs in is nobody yet. */
export const limitSignIn = (parts: ApiParts) => {
  const limited = rateLimit(parts)
  return createMiddleware<HttpEnv>(async (c, next) => {
    if (c.req.method !== 'GET' && c.req.method !== 'HEAD') limited(addressOf(c.env))
    await next()
  })
}

interface WithSocket {
  readonly incoming?: { readonly socket?: { readonly remoteAddress?: string } }
}

/** The network of an IPv6 address is one caller, who has as many addresses as they want. */
const addressOf = (env: unknown): string => {
  const address = ((env ?? {}) as WithSocket).incoming?.socket?.remoteAddress ?? ''
  if (!ipaddr.isValid(address)) return 'an unknown address'
  const read = ipaddr.process(address)
  return read.kind() === 'ipv4' ? read.toString() : `${read.toNormalizedString().split(':').slice(0, 4).join(':')}::/64`
}

export const limitRate = (parts: ApiParts) => {
  const limited = rateLimit(parts)
  return createMiddleware<HttpEnv>(async (c, next) => {
    limited(c.get('access').name)
    await next()
  })
}

/** Throws `RateLimited`. */
const rateLimit = ({ clock, settings }: ApiParts): ((name: string) => void) => {
  const buckets = tokenBuckets(clock, settings.rateLimit)
  return (name) => {
    const waitMs = buckets.take(name)
    if (waitMs === 0) return
    const { perSecond, burst } = settings.rateLimit
    throw new HttpProblem('RateLimited', `Expected ${perSecond} requests a second of ${name} at most, ${burst} at once, found more`, {
      headers: { 'retry-after': String(Math.ceil(waitMs / 1000)) },
    })
  }
}
