import type { IdSource } from '../clock.ts'
import { safeHeaders } from '../web/safe-headers.ts'
import { HttpProblem, problemHeaders, problemOf } from './problem.ts'

/** What is answered before there is anything to answer from: that the process lives, and that it is not ready. */
export const startingService =
  (ids: IdSource) =>
  ({ url }: Request): Response => {
    const requestId = ids.uuid()
    const headers = { ...safeHeaders, 'x-request-id': requestId }
    if (new URL(url).pathname === '/healthz') return Response.json({ status: 'ok' }, { headers })
    const notReady = new HttpProblem('NotReady', 'The service is starting: it waits for its servers', { headers: { 'retry-after': '5' } })
    const problem = problemOf(notReady, requestId)
    return new Response(JSON.stringify(problem), { status: problem.status, headers: { ...headers, ...problemHeaders(notReady) } })
  }
