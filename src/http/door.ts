import { createMiddleware } from 'hono/factory'
import { keyRing, localAccess, type Access } from './api-keys.ts'
import type { ApiParts } from './api-parts.ts'
import type { HttpEnv } from './http-env.ts'
import { HttpProblem } from './problem.ts'
import { tokenBuckets } from './rate-limit.ts'
import { BlockList, isIPv6 } from 'node:net'

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

/** Tells who it is. Without configured keys everybody is let in. */
export const identify = ({ settings }: Pick<ApiParts, 'settings'>) => {
  const accessOf = keyRing(settings.keys)
  return createMiddleware<HttpEnv>(async (c, next) => {
    c.set('access', settings.keys.length === 0 ? localAccess : known(accessOf, c.req.header('authorization')))
    await next()
  })
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

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** Whether a host name or an address can only mean this machine. */
export const isLoopback = (host: string): boolean => {
  const address = host.replace(/^\[(.*)\]$/, '$1')
  return address === 'localhost' || loopback.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}
