import { z } from 'zod'
import { AppError } from '../errors.ts'
import { refuseUnknownOptions, type OptionNames } from '../known-options.ts'
import { allowList } from './allow-list.ts'
import { defineTool } from './define-tool.ts'
import type { FetchRules } from './fetch-text.ts'
import type { Tool } from './tool.ts'

export interface HttpFetchOptions {
  /** Hosts (`api.example.com`, https only) or URLs (`https://api.example.com/v1`, which allows what lies below it). */
  readonly allow: readonly string[]
  /** Of the answer, on the wire and after decompression; 256 KiB by default. */
  readonly maxBytes?: number | undefined
  /** 3 by default. */
  readonly maxRedirects?: number | undefined
  /** For everything together, 15,000 by default. */
  readonly timeoutMs?: number | undefined
  /** Addresses of a host name; those of the operating system by default. */
  readonly resolve?: ((host: string) => Promise<readonly string[]>) | undefined
  /** Which addresses may be connected to; by default those of the public internet. A proxy or a service of your own network is named here. */
  readonly addressAllowed?: ((address: string) => boolean) | undefined
}

const OPTIONS: OptionNames<HttpFetchOptions> = {
  allow: true,
  maxBytes: true,
  maxRedirects: true,
  timeoutMs: true,
  resolve: true,
  addressAllowed: true,
}

const input = z.strictObject({ url: z.string().max(4096).describe('An absolute http or https URL') })
const output = z.strictObject({ status: z.int(), contentType: z.string(), text: z.string() })

export type HttpFetchInput = z.infer<typeof input>
export type HttpFetchOutput = z.infer<typeof output>

/**
 * A tool, `http_fetch`, that reads texts from the hosts of a list. Built for URLs that a model chose: each hop of a redirect is checked like
 * the first URL, and a name that leads into a private network is refused. Answers below 500 but 429 are results; 429, 5xx,
 * a broken connection and a timeout are failures that may be tried again.
 * Throws `InvalidConfiguration` for an empty or malformed list and for limits that are no integers.
 */
export const httpFetchTool = (options: HttpFetchOptions): Tool<HttpFetchInput, HttpFetchOutput> => {
  const { allow, maxBytes = 256 * 1024, maxRedirects = 3, timeoutMs = 15_000 } = options
  const { resolve, addressAllowed } = options
  refuseUnknownOptions('httpFetchTool', options, OPTIONS)
  refuseLimits({ maxBytes, maxRedirects })
  const rules: FetchRules = { isAllowed: allowList(allow), allow, maxBytes, maxRedirects, resolve, addressAllowed }
  return defineTool({
    name: 'http_fetch',
    description: `Reads a text (HTML, JSON, XML, plain) with HTTP GET. Allowed: ${allow.join(', ')}`,
    input,
    output,
    effect: 'read',
    timeoutMs,
    // One byte of text becomes six in JSON at worst, and the other fields are short.
    maxOutputBytes: 6 * maxBytes + 1024,
    // Node's clients for HTTP take a tenth of the start of a process, and few agents need them.
    execute: async ({ url }, { signal }) => (await import('./fetch-text.ts')).fetchText(url, rules, signal),
  })
}

const refuseLimits = (limits: Readonly<Record<string, number>>): void => {
  for (const [name, value] of Object.entries(limits)) {
    if (Number.isSafeInteger(value) && value >= 0) continue
    throw new AppError('InvalidConfiguration', `httpFetchTool: ${name} has to be an integer of at least 0, found ${value}`)
  }
}
