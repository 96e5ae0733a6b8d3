import type { OpenAPIHono } from '@hono/zod-openapi'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { withDeadline } from '../runtime/deadline.ts'
import { askedSeldom } from '../web/seldom.ts'
import { isAppError } from '../errors.ts'
import { packageRoot } from '../package-root.ts'
import type { ApiParts } from './api-parts.ts'
import type { HttpEnv } from './http-env.ts'
import { openApiDocument } from './openapi.ts'
import { HttpProblem } from './problem.ts'
import { serviceRoutes as routes } from './service-routes.ts'

/** A log that takes longer has stopped, for whoever waits behind a load balancer. */
const LOG_TIMEOUT_MS = 2_000
/** Anybody may ask whether it is ready, and the log answers once for all of them. */
const FRESH_MS = 3_000

const DOCS = join(packageRoot, 'docs')

/** What the service says about itself. */
export const addService = (app: OpenAPIHono<HttpEnv>, parts: ApiParts): void => {
  const document = openApiDocument()
  app.openapi(routes.health, (c) => c.json({ status: 'ok' as const }, 200))
  const requireReady = readiness(parts)
  app.openapi(routes.readiness, async (c) => {
    await requireReady()
    return c.json({ status: 'ok' as const, ...(await restoredLately(parts)) }, 200)
  })
  app.openapi(routes.metrics, async (c) => c.text(await parts.metrics.text(), 200, { 'content-type': parts.metrics.contentType }))
  app.openapi(routes.openApi, (c) => c.json(document, 200))
  app.openapi(
    routes.docs,
    async (c) => {
      const text = await readFile(join(DOCS, c.req.valid('param').page), 'utf8')
      return c.body(text, 200, { 'content-type': 'text/markdown; charset=utf-8' })
    },
    ({ success }) => {
      if (!success)
        throw new HttpProblem(
          'RouteNotFound',
          'Expected a page of this service, found another: /docs/errors.md and /docs/http.md are there',
        )
    },
  )
}

const TOLD_FOR_MS = 24 * 3_600_000

const restoredLately = async ({ refold, clock }: ApiParts): Promise<{ readonly restoredAt?: string }> => {
  const restore = await refold.newestRestore?.().catch(() => undefined)
  return restore === undefined || restore.at < clock.now() - TOLD_FOR_MS ? {} : { restoredAt: new Date(restore.at).toISOString() }
}

/** Rejects with `NotReady`. */
const readiness = ({ refold, clock, draining }: ApiParts): (() => Promise<void>) => {
  const deadline = { timeoutMs: LOG_TIMEOUT_MS, outer: draining, late: () => undefined }
  const within = (ask: () => Promise<unknown>): Promise<unknown> => withDeadline(clock, deadline, ask)
  const ask = askedSeldom(clock, FRESH_MS, () =>
    Promise.allSettled([within(() => refold.log.head()), within(() => refold.views.checkpoint())]),
  )
  return async () => {
    if (draining.aborted) throw notReady('The service is stopping')
    const [log, views] = await ask()
    if (draining.aborted) throw notReady('The service is stopping')
    if (log.status === 'rejected' && isAppError(log.reason, 'LogRestored')) throw notReady(log.reason.message)
    if (log.status === 'rejected' && views.status === 'rejected') throw notReady('Neither the log nor the views answer')
    if (log.status === 'rejected') throw notReady('The log does not answer')
    if (views.status === 'rejected') throw notReady('The views do not answer')
  }
}

const notReady = (detail: string): HttpProblem => new HttpProblem('NotReady', detail)
