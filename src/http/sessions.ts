import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { Access, ApiKey } from './api-keys.ts'

// A page shows its key once and gets a cookie for it.
//
//   SESSION1. The cookie holds the name of the key and its end, never the key; nobody makes or changes one without the secret.
//   SESSION2. It may do what the key may do now. A key that is not configured any more, or is another one under the name, has no sessions.
//   SESSION3. It is worth something only where it came from a page of this service, whatever other origins are welcome.

/** Half a day: whoever sits there in the morning does so until the evening. */
export const SESSION_MS = 12 * 3_600_000

/** No cookie of ours is longer. */
const LONGEST = 1_000
const SECRET_BYTES = 32

export interface Sessions {
  /** The value of the cookie. Throws for a name that no key has. */
  begin(name: string): { readonly token: string; readonly until: number }
  /** Whose it is; undefined where it is none of ours, has ended, or its key is gone. */
  accessOf(token: string): Access | undefined
}

interface SessionsOptions {
  readonly keys: readonly ApiKey[]
  readonly clock: Clock
  /** The same for all processes that answer one page; a process makes one of its own without it, and its sessions end with it. */
  readonly secret?: string | undefined
}

export const createSessions = ({ keys, clock, secret }: SessionsOptions): Sessions => {
  const byName = new Map(keys.map((key) => [key.name, key]))
  const signing = secret ?? randomBytes(SECRET_BYTES)

  const signature = (payload: string, { sha256 }: ApiKey): Buffer =>
    createHmac('sha256', signing).update(`refold session\n${payload}\n${sha256}`).digest()

  return {
    begin(name) {
      const key = byName.get(name)
      if (key === undefined) throw new Error(`no key is named ${name}`)
      const until = clock.now() + SESSION_MS
      const payload = `${name}~${until}`
      return { token: `${payload}~${signature(payload, key).toString('base64url')}`, until }
    },
    accessOf(token) {
      // A name holds no tilde.
      const [, name = '', end = '', signed = ''] = (token.length <= LONGEST ? /^([^~]+)~(\d{1,15})~([\w-]{43})$/.exec(token) : null) ?? []
      const key = byName.get(name)
      const until = Number(end)
      if (key === undefined || !timingSafeEqual(signature(`${name}~${end}`, key), Buffer.from(signed, 'base64url'))) return undefined
      if (until <= clock.now()) return undefined
      return { name, tenant: key.tenant, scopes: new Set(key.scopes), until }
    },
  }
}
