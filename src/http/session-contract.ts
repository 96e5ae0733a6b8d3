import { z } from 'zod'
import { scope } from './api-keys.ts'
import { time } from './contract.ts'

/** An API key, once, for a cookie. */
export const signIn = z.strictObject({ key: z.string().min(1).max(1_000) }).meta({ id: 'SignIn' })

export const session = z
  .object({
    name: z.string().meta({ description: 'of the key; `local` where no keys are configured' }),
    tenant: z.string().nullable(),
    scopes: z.array(scope).readonly(),
    expiresAt: time.nullable().meta({ description: 'of the cookie; null where the key itself came with the request, or none is needed' }),
  })
  .meta({ id: 'Session', description: 'Who asks, and what they may do.' })
