import { z } from 'zod'
import { apiKey } from './api-keys.ts'

const KIB = 1024

/** Room for the largest message, and for what JSON makes of it and puts around it. */
const BODY_LIMIT_BYTES = 1088 * KIB

const oneEach = <Item>(items: readonly Item[], part: (item: Item) => string): boolean => new Set(items.map(part)).size === items.length

/** The member `http` of a configuration. */
export const httpOptions = z.strictObject({
  /** Who may use the service; without any, it listens on this machine alone and lets everybody there in. */
  keys: z
    .array(apiKey)
    .refine((keys) => oneEach(keys, ({ name }) => name), 'expected one key a name')
    .refine((keys) => oneEach(keys, ({ sha256 }) => sha256), 'expected one name a key')
    .default([]),
  /** Of one request; 1088 KiB by default. */
  bodyLimitBytes: z.int().positive().default(BODY_LIMIT_BYTES),
  /** Requests of one key: so many a second in the long run, and `burst` at once. */
  rateLimit: z.strictObject({ perSecond: z.number().positive(), burst: z.int().positive() }).default({ perSecond: 50, burst: 100 }),
  /** Live event streams of one key at one time; 100 by default. */
  streamsPerKey: z.int().positive().default(100),
  /** Origins of web pages that may call the service, as `https://desk.example.com`; none by default. */
  corsOrigins: z.array(z.url({ protocol: /^https?$/ })).default([]),
})

export type HttpOptions = z.input<typeof httpOptions>
export type HttpSettings = z.output<typeof httpOptions>
