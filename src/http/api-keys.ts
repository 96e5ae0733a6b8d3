import { z } from 'zod'
import { sha256 } from '../hash.ts'

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/
const name = z.string().regex(NAME, 'expected letters, digits, `.`, `_` and `-`, 100 at most')

/** `read` looks, `write` starts runs and sends messages, `operate` does what people decide, `delete` takes runs out of the log for good, `sql` asks in SQL. */
export const scope = z.enum(['read', 'write', 'operate', 'delete', 'sql'])
export type Scope = z.infer<typeof scope>

export const apiKey = z.strictObject({
  /** For logs, and for events where a request does not say who asks for them. */
  name,
  /** Of the key itself, in lower-case hex: the service never knows a key before it is shown one. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hex digits: printf %s "$KEY" | sha256sum'),
  /** Whose runs it starts, sees and touches. */
  tenant: name,
  scopes: z.array(scope).min(1),
})
export type ApiKey = z.infer<typeof apiKey>

/** Who makes a request, and what they may do. */
export interface Access {
  readonly name: string
  /** Undefined where no keys are configured: then every run is theirs. */
  readonly tenant: string | undefined
  readonly scopes: ReadonlySet<Scope>
  /** When it ends, ms since the epoch; a key has no end. */
  readonly until?: number
}

/** Everybody on this machine, where no keys are configured. */
export const localAccess: Access = { name: 'local', tenant: undefined, scopes: new Set(scope.options) }

/** Looks keys up by their hash, so that the time it takes says nothing about them. */
export const keyRing = (keys: readonly ApiKey[]): ((key: string) => Access | undefined) => {
  const byHash = new Map(keys.map((key) => [key.sha256, { name: key.name, tenant: key.tenant, scopes: new Set(key.scopes) }]))
  return (key) => byHash.get(sha256(key))
}
