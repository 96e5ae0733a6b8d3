import { createMiddleware } from 'hono/factory'
import { routePath } from 'hono/route'
import type { ApiParts } from './api-parts.ts'
import type { HttpEnv } from './http-env.ts'
import { codeOf, type ProblemCode } from './problem.ts'

/** Errors whose messages speak of the machinery alone. Others may quote what people wrote, and are logged without their message. */
const PLAIN: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  'BusFenced',
  'BusUnavailable',
  'ChartChanged',
  'ChartInvalid',
  'Closed',
  'EventLogUnavailable',
  'StoreUnavailable',
  'InvalidConfiguration',
  'OutcomeUnknown',
  'UnknownAgent',
])

/** Asked every few seconds, by machines. */
const QUIET: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics'])

/** One line for each request, without keys, query strings and bodies. */
export const logRequests = ({ clock, logger, metrics }: ApiParts) => {
  const counts: Record<string, number> = {}
  metrics.countedBy('refold_http_requests_total', 'Requests that were answered', 'status', () => counts)
  const took = metrics.timed('refold_http_request_duration_seconds', 'Until the answer begins; a stream goes on from there', [
    'method',
    'route',
    'status',
  ])
  return createMiddleware<HttpEnv>(async (c, next) => {
    const begin = clock.now()
    await next()
    const access = c.get('access') as HttpEnv['Variables']['access'] | undefined
    const { status } = c.res
    counts[status] = (counts[status] ?? 0) + 1
    const route = routePath(c, -1)
    const durationMs = Math.max(0, clock.now() - begin)
    took({ method: methodOf(c.req.method), route, status }, durationMs / 1_000)
    const facts = {
      requestId: c.get('requestId'),
      method: c.req.method,
      route,
      runId: c.req.param('runId'),
      status,
      durationMs,
      key: access?.name,
      tenant: access?.tenant,
      code: c.get('problem') as ProblemCode | undefined,
      ...(c.error === undefined || status < 500 ? {} : errorFacts(c.error)),
    }
    if (status >= 500) logger.error(facts, 'request')
    else if (QUIET.has(route)) logger.debug(facts, 'request')
    else logger.info(facts, 'request')
  })
}

/** Anybody may make up one. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
const methodOf = (method: string): string => (METHODS.has(method) ? method : 'other')

const errorFacts = (error: Error): Readonly<Record<string, unknown>> => {
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  return { ...(PLAIN.has(codeOf(error)) ? { reason: error.message } : {}), frames: frames.map((line) => line.trim()) }
}
