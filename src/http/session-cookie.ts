import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { CookieOptions } from 'hono/utils/cookie'
import type { HttpEnv } from './http-env.ts'
import { isLoopback } from './loopback.ts'
import { HttpProblem } from './problem.ts'
import { SESSION_MS } from './sessions.ts'

// No other host, not even a neighbour below the same domain, can set a cookie with this prefix; a browser takes it over TLS alone. On the machine
// itself there is none, and whoever can listen there needs no cookie.
const NAME = 'refold'
const OVER_TLS = `__Host-${NAME}`

const OPTIONS: CookieOptions = { httpOnly: true, sameSite: 'Strict', path: '/' }

export const sessionToken = (c: Context<HttpEnv>): string | undefined =>
  getCookie(c, OVER_TLS) ?? (isOnThisMachine(c) ? getCookie(c, NAME) : undefined)

/** Throws `NotPossible` where a browser would not keep it: over plain HTTP to another machine. */
export const setSession = (c: Context<HttpEnv>, token: string): void => {
  const maxAge = SESSION_MS / 1_000
  if (isOverTls(c)) setCookie(c, OVER_TLS, token, { ...OPTIONS, secure: true, maxAge })
  else if (isOnThisMachine(c)) setCookie(c, NAME, token, { ...OPTIONS, maxAge })
  else
    throw new HttpProblem(
      'NotPossible',
      'Expected to be asked over https, since a browser would send the session in the clear, found http: open the page as https, or on this machine',
    )
}

export const endSession = (c: Context<HttpEnv>): void => {
  if (isOverTls(c) || !isOnThisMachine(c)) deleteCookie(c, OVER_TLS, { ...OPTIONS, secure: true })
  if (isOnThisMachine(c)) deleteCookie(c, NAME, OPTIONS)
}

/** A browser says it itself; a proxy says it of whoever else asks. */
const isOverTls = (c: Context<HttpEnv>): boolean => {
  const origin = c.req.header('origin')
  if (origin !== undefined) return origin.startsWith('https:')
  return c.req.header('x-forwarded-proto')?.split(',')[0]?.trim() === 'https'
}

const isOnThisMachine = (c: Context<HttpEnv>): boolean => isLoopback(URL.parse(`http://${c.req.header('host') ?? ''}`)?.hostname ?? '')
