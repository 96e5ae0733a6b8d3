import type { Server, ServerResponse } from 'node:http'

/**
 * Once called, every answer is the last one of its connection (`Connection: close`), those included that have not begun yet. A client that keeps
 * connections learns so, before the server ends, that it needs another one: a request on a connection that the server closes meanwhile is lost.
 */
export const lastAnswers = (server: Server): (() => void) => {
  const unanswered = new Set<ServerResponse>()
  let isLast = false
  const endConnection = (response: ServerResponse): void => {
    if (!response.headersSent) response.setHeader('connection', 'close')
  }
  server.prependListener('request', (_, response) => {
    if (isLast) endConnection(response)
    unanswered.add(response)
    response.once('close', () => unanswered.delete(response))
  })
  return () => {
    isLast = true
    for (const response of unanswered) endConnection(response)
  }
}
