import { RequestError } from '@hono/node-server'
import { STATUS_CODES } from 'node:http'
import type { BadRequest, Words } from '../web/bad-request.ts'
import { safeHeaders } from '../web/safe-headers.ts'
import { HttpProblem, problemHeaders, problemOf, type HttpProblemCode } from './problem.ts'

const codes: Readonly<Record<BadRequest['status'], HttpProblemCode>> = {
  400: 'MalformedRequest',
  405: 'MethodNotAllowed',
  408: 'RequestTimeout',
  413: 'RequestTooLarge',
  417: 'ExpectationFailed',
  431: 'HeadersTooLarge',
}

/** Of what came over a connection and is no request. */
export const badRequestProblem = ({ status, detail }: BadRequest, requestId: string): Words => ({
  contentType: 'application/problem+json',
  body: JSON.stringify(problemOf(new HttpProblem(codes[status], detail), requestId)),
})

/** The answer to a request that is none for the framework: without a host, or for an address that cannot be. */
export const unreadableRequest = (error: unknown, requestId: string): Response => {
  const thrown =
    error instanceof RequestError
      ? new HttpProblem('MalformedRequest', 'Expected one Host and the path of this service, found a request with another, or with none')
      : error
  const problem = problemOf(thrown, requestId)
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    statusText: STATUS_CODES[problem.status] ?? '',
    headers: { ...safeHeaders, ...problemHeaders(thrown), 'x-request-id': requestId },
  })
}
