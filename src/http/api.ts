import { OpenAPIHono } from '@hono/zod-openapi'
import { compress } from 'hono/compress'
import { cors } from 'hono/cors'
import { methodNotAllowed } from 'hono/method-not-allowed'
import { requestId } from 'hono/request-id'
import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { ApiParts } from './api-parts.ts'
import { addCharts } from './charts.ts'
import { addCommands } from './commands.ts'
import { addDatasets } from './datasets.ts'
import { addEvals } from './evals.ts'
import { safeHeaders } from '../web/safe-headers.ts'
import { identify, limitRate, limitSignIn, requireHost } from './door.ts'
import { refuseForeignPages } from './foreign-pages.ts'
import type { HttpEnv } from './http-env.ts'
import { readJsonBody } from './json-body.ts'
import { servePage } from './page.ts'
import { addOutlines } from './outlines.ts'
import { codeOf, fieldErrors, HttpProblem, problemHeaders, problemOf } from './problem.ts'
import { addPrompts } from './prompts.ts'
import { addQueries } from './queries.ts'
import { logRequests } from './request-log.ts'
import { requireOwnRun } from './run-tenants.ts'
import { addService } from './service.ts'
import { addSession, addSignIn } from './session-api.ts'
import { addTraces } from './traces.ts'

/** The whole service as one function from a request to a response. */
export const createApi = (parts: ApiParts): OpenAPIHono<HttpEnv> => {
  const app = new OpenAPIHono<HttpEnv>({
    defaultHook: (result) => {
      if (!result.success) throw fieldErrors(result.target, result.error)
    },
  })
  app.use(requestId({ generator: () => parts.ids.uuid() }))
  app.use(logRequests(parts))
  app.use(async (c, next) => {
    await next()
    const isPageFile = c.get('isPageFile') === true
    for (const [name, value] of Object.entries(safeHeaders)) if (!isPageFile || !c.res.headers.has(name)) c.res.headers.set(name, value)
  })
  app.use(requireHost(parts), refuseForeignPages(parts))
  app.use(servePage())
  for (const path of LONG) app.use(path, compress({ encoding: 'gzip' }))
  if (parts.settings.corsOrigins.length > 0) app.use(cors({ origin: parts.settings.corsOrigins, exposeHeaders: EXPOSED, maxAge: 600 }))
  app.use(methodNotAllowed({ app, onMethodNotAllowed: refuseMethod }))
  app.use('/v1/session', limitSignIn(parts), readJsonBody(parts))
  addSignIn(app, parts)
  app.use('/v1/*', identify(parts), limitRate(parts), readJsonBody(parts))
  addSession(app)
  addService(app, parts)
  addCommands(app, parts, requireOwnRun(parts.refold))
  addQueries(app, parts, requireOwnRun(parts.refold))
  addOutlines(app, parts, requireOwnRun(parts.refold))
  addTraces(app, parts, requireOwnRun(parts.refold))
  addPrompts(app, parts, requireOwnRun(parts.refold))
  addCharts(app, parts, requireOwnRun(parts.refold))
  addEvals(app, parts)
  addDatasets(app, parts, requireOwnRun(parts.refold))
  app.onError((error, c) => problemResponse(c, error))
  app.notFound((c) =>
    problemResponse(c, new HttpProblem('RouteNotFound', 'Expected a path of this service, found another: /openapi.json lists all')),
  )
  return app
}

/** What may be long, and is repetitive. A stream of events is never compressed: it would wait for what fills a block. */
const LONG = [
  '/v1/runs',
  '/v1/runs/:runId/outline',
  '/v1/runs/:runId/trace',
  '/v1/runs/:runId/events',
  '/v1/runs/:runId/transcript',
  '/v1/runs/:runId/model-calls/*',
  '/v1/charts/*',
  '/v1/evals/*',
  '/v1/datasets/*',
  '/v1/views/*',
]

const EXPOSED = ['location', 'retry-after', 'x-request-id']

const refuseMethod = (c: Context<HttpEnv>, methods: readonly string[]): Response => {
  const allow = methods.join(', ')
  return problemResponse(c, new HttpProblem('MethodNotAllowed', `Expected ${allow}, found ${c.req.method}`, { headers: { allow } }))
}

const problemResponse = (c: Context<HttpEnv>, thrown: unknown): Response => {
  const problem = problemOf(thrown, c.get('requestId'))
  c.set('problem', codeOf(thrown))
  return c.body(JSON.stringify(problem), problem.status as ContentfulStatusCode, problemHeaders(thrown))
}
