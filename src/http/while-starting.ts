import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Clock, IdSource } from '../clock.ts'
import { safeHeaders } from '../web/safe-headers.ts'
import { HttpProblem, problemHeaders, problemOf } from './problem.ts'

/** What answers before there is anything to answer from. */
export interface WhileStarting {
  readonly answer: RequestListener
  /** From now on requests are answered so; those that have waited too. */
  begin(answer: RequestListener): void
}

/** A start usually takes less. */
const STARTS_WITHIN_MS = 10_000
const ASKED_BY_SUPERVISORS: ReadonlySet<string> = new Set(['/healthz', '/readyz'])

/**
 * Whatever stands before the service may pass requests on as soon as somebody listens, without asking whether he is ready. So they wait for a start
 * that takes as long as usual, and only then are told `notReady`. Supervisors are told at once.
 */
export const whileStarting = (clock: Clock, notReady: RequestListener): WhileStarting => {
  let waiting: (readonly [IncomingMessage, ServerResponse])[] = []
  let answer: RequestListener | undefined
  const begin = (given: RequestListener): void => {
    disarm()
    answer = given
    for (const [request, response] of waiting) if (!response.destroyed) given(request, response)
    waiting = []
  }
  const disarm = clock.setTimer(STARTS_WITHIN_MS, () => {
    begin(notReady)
  })
  return {
    begin,
    answer(request, response) {
      if (answer !== undefined) answer(request, response)
      else if (ASKED_BY_SUPERVISORS.has(request.url?.split('?')[0] ?? '')) notReady(request, response)
      else waiting.push([request, response])
    },
  }
}

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
