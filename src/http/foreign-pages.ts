import { createMiddleware } from 'hono/factory'
import type { ApiParts } from './api-parts.ts'
import type { HttpEnv } from './http-env.ts'
import { HttpProblem } from './problem.ts'

const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Refuses what a page of another origin has a browser ask for, before anything of it is read, whoever's key it carries: with no key at all
 * a browser would carry such a request to the service of this machine. Programs send neither header, and pass.
 */
export const refuseForeignPages = ({ settings }: Pick<ApiParts, 'settings'>) => {
  const welcome = new Set(settings.corsOrigins)
  return createMiddleware<HttpEnv>(async (c, next) => {
    const origin = c.req.header('origin')
    if (origin === undefined || !welcome.has(origin)) {
      const site = c.req.header('sec-fetch-site')
      if (!SAFE.has(c.req.method)) requireOwnPage(site, origin, c.req.header('host'))
      else if (c.req.method !== 'OPTIONS' && isReadByOthers(site, c.req.header('sec-fetch-mode'), c.req.header('sec-fetch-dest')))
        throw foreign(`Sec-Fetch-Site: ${site ?? ''}`)
    }
    await next()
  })
}

const requireOwnPage = (site: string | undefined, origin: string | undefined, host: string | undefined): void => {
  if (site !== undefined && site !== 'same-origin') throw foreign(`Sec-Fetch-Site: ${site}`)
  if (origin !== undefined && !isOf(origin, host)) throw foreign(`Origin: ${origin}`)
}

/** Of a request with a session: other origins may be welcome with a key of their own, never with the cookie of whoever sits there. */
export const requireOwnSite = (site: string | undefined): void => {
  if (site !== undefined && site !== 'same-origin' && site !== 'none') throw foreign(`Sec-Fetch-Site: ${site}`)
}

/** A proxy may have taken TLS away, so the scheme does not count. A browser leaves out the port that goes without saying. */
const isOf = (origin: string, host: string | undefined): boolean => {
  const of = URL.parse(origin)
  return (
    of !== null && /^https?:$/.test(of.protocol) && of.origin === origin && of.host === URL.parse(`${of.protocol}//${host ?? ''}`)?.host
  )
}

/** It could read nothing, but hold event streams, and make the service work. A link that somebody follows is none of these. */
const isReadByOthers = (site: string | undefined, mode: string | undefined, dest: string | undefined): boolean =>
  (site === 'cross-site' || site === 'same-site') && !(mode === 'navigate' && dest === 'document')

const foreign = (found: string): HttpProblem =>
  new HttpProblem('ForeignPage', `Expected a request of a program or of a page of this service, found one with ${found}`)
