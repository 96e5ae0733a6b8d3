import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { httpFetchTool, type HttpFetchOptions, type HttpFetchOutput } from '../../../src/tools/http-fetch.ts'
import type { ToolContext } from '../../../src/tools/tool.ts'

export interface LocalServer extends AsyncDisposable {
  readonly port: number
  /** `METHOD host path` of each request, in order. */
  readonly seen: readonly string[]
}

/** A real web server on every loopback address, until the end of the scope. */
export const localServer = async (answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<LocalServer> => {
  const seen: string[] = []
  const server = createServer((request, response) => {
    seen.push(`${request.method ?? ''} ${request.headers.host ?? ''} ${request.url ?? ''}`)
    answer(request, response)
  })
  await new Promise<void>((listening) => server.listen(0, '0.0.0.0', listening))
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}

export const contextWith = (signal: AbortSignal): ToolContext => ({
  signal,
  idempotencyKey: 'key-1',
  runId: 'run-1',
  tenant: undefined,
  context: null,
  messageData: null,
  dependencies: {},
  callId: '3.a',
  attempt: 1,
  attachments: [],
  readBlob: () => Promise.reject(new Error('nothing was said')),
  projection: (projection) => projection.initial(),
})

/** As a model would call it. Every name leads to the local server unless `options` says otherwise. */
export const fetchWith = async (
  options: HttpFetchOptions,
  url: string,
  signal: AbortSignal = new AbortController().signal,
): Promise<HttpFetchOutput> => {
  const tool = httpFetchTool({
    resolve: () => Promise.resolve(['127.0.0.1']),
    addressAllowed: (address) => address.startsWith('127.'),
    ...options,
  })
  return (await tool.execute({ url }, contextWith(signal))) as HttpFetchOutput
}
