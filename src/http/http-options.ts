import { z } from 'zod'
import { apiKey } from './api-keys.ts'

const KIB = 1024

/** Room for the largest message, and for what JSON makes of it and puts around it. */
const BODY_LIMIT_BYTES = 1088 * KIB

/** Room for the largest message with its pictures and files. */
const UPLOAD_LIMIT_BYTES = 22 * KIB * KIB

const HOST_NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/

const isOrigin = (text: string): boolean => /^https?:/.test(text) && URL.parse(text)?.origin === text

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
  /** Of one message with pictures and files, as `multipart/form-data`; 22 MiB by default. */
  uploadLimitBytes: z.int().positive().default(UPLOAD_LIMIT_BYTES),
  /** Requests of one key: so many a second in the long run, and `burst` at once. */
  rateLimit: z.strictObject({ perSecond: z.number().positive(), burst: z.int().positive() }).default({ perSecond: 50, burst: 100 }),
  /** Live event streams of one key at one time; 100 by default. */
  streamsPerKey: z.int().positive().default(100),
  /** Live event streams of everybody at one time; 500 by default. */
  streams: z.int().positive().default(500),
  /** Connections at one time; one more is closed at once. 1,000 by default. */
  connections: z.int().positive().default(1_000),
  /** For a whole request to come in, headers and body; headers alone have a third of it. 30 s by default. */
  requestTimeoutMs: z.int().min(100).default(30_000),
  /**
   * An idle connection is kept for a next request for so long; 75 s by default. Longer than whatever stands before the service keeps it
   * (nginx 60 s), so that no request meets a connection that is closed at the same moment.
   */
  keepAliveMs: z.int().min(0).default(75_000),
  /**
   * Names by which the service may be asked for, as `desk.example.com`, beside those of the machine itself. Without any, every name is
   * right where keys are configured, and none where they are not.
   */
  hosts: z.array(z.string().regex(HOST_NAME, 'expected a name without scheme and port, in lower case')).default([]),
  /** Origins of web pages that may call the service, as `https://desk.example.com`; none by default. */
  corsOrigins: z.array(z.string().refine(isOrigin, 'expected an origin as https://desk.example.com, without a path')).default([]),
})

export type HttpOptions = z.input<typeof httpOptions>
export type HttpSettings = z.output<typeof httpOptions>
