import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import type { Json, JsonObject } from '../../src/json.ts'

/** What the server does with one request. */
export type Reply =
  /** The pieces of an event stream; `ending` is how the connection goes after the last. */
  | { readonly stream: readonly string[]; readonly ending?: 'clean' | 'socketCut' | 'never'; readonly headers?: Headers }
  | { readonly status: number; readonly body: string; readonly contentType: string; readonly headers?: Headers }
  /** Takes the request and never answers. */
  | 'hang'
  /** Ends the connection before any answer. */
  | 'hangUp'

type Headers = Readonly<Record<string, string>>

export interface ReceivedRequest {
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  readonly body: JsonObject
}

export interface ModelServer {
  /** Without any path. */
  readonly url: string
  readonly requests: readonly ReceivedRequest[]
  /** The replies to the next requests, in order; the last stays. */
  replyWith(...replies: readonly Reply[]): void
  /** Resolves once the server has got a request: what a caller waits for before it gives up. */
  received(): Promise<void>
  close(): Promise<void>
}

/** A server on this machine that says what it is told to, byte by byte. It knows no vendor. */
export const modelServer = async (): Promise<ModelServer> => {
  const requests: ReceivedRequest[] = []
  let replies: readonly Reply[] = []
  let wake: () => void = () => undefined
  const server = createServer((request, response) => {
    void readText(request).then((text) => {
      requests.push({ path: request.url ?? '', headers: request.headers, text, body: JSON.parse(text) as JsonObject })
      const [reply, ...later] = replies
      if (later.length > 0) replies = later
      wake()
      answer(response, reply ?? { status: 500, body: 'no reply was set', contentType: 'text/plain' })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    replyWith(...next) {
      replies = next
    },
    received: () =>
      new Promise((resolve) => {
        wake = resolve
      }),
    async close() {
      if (!server.listening) return
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const readText = async (request: IncomingMessage): Promise<string> => {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk as string
  return text
}

const answer = (response: ServerResponse, reply: Reply): void => {
  if (reply === 'hang') return
  if (reply === 'hangUp') {
    response.destroy()
    return
  }
  if ('body' in reply) {
    response.writeHead(reply.status, { 'content-type': reply.contentType, ...reply.headers }).end(reply.body)
    return
  }
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', ...reply.headers })
  response.flushHeaders()
  for (const piece of reply.stream) response.write(piece)
  if (reply.ending === 'socketCut') response.socket?.end(() => response.destroy())
  else if (reply.ending !== 'never') response.end()
}

export const json = (status: number, body: Json, headers: Headers = {}): Reply => ({
  status,
  body: JSON.stringify(body),
  contentType: 'application/json',
  headers,
})
