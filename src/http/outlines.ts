import type { OpenAPIHono } from '@hono/zod-openapi'
import type { z } from 'zod'
import { accepts } from 'hono/accepts'
import { jsonText } from '../json.ts'
import type { ApiParts } from './api-parts.ts'
import { streamOutline } from './event-stream.ts'
import type { HttpEnv } from './http-env.ts'
import { readOneEvent, readEventField } from './one-event.ts'
import type { oneEvent } from './outline-contract.ts'
import { outlineRoutes as routes } from './outline-routes.ts'
import { readOutline } from './run-outline.ts'
import type { RequireOwnRun } from './run-tenants.ts'

const JSON_BODY = { 'content-type': 'application/json' }

/** A run event by event. */
export const addOutlines = (app: OpenAPIHono<HttpEnv>, parts: ApiParts, requireOwn: RequireOwnRun): void => {
  app.openapi(routes.outline, async (c) => {
    const { runId } = c.req.valid('param')
    await requireOwn(c.get('access'), runId)
    const { from = 0, limit } = c.req.valid('query')
    const lastEventId = c.req.valid('header')['last-event-id']
    const wanted = accepts(c, { header: 'Accept', supports: ['application/json', 'text/event-stream'], default: 'application/json' })
    if (wanted === 'text/event-stream')
      return streamOutline(c, parts, { runId, from: lastEventId === undefined ? from : Number(lastEventId) + 1 })
    return c.json(await readOutline(parts.refold, runId, { from, limit }), 200)
  })
  app.openapi(routes.event, async (c) => {
    const { runId, revision } = c.req.valid('param')
    await requireOwn(c.get('access'), runId)
    const { field } = c.req.valid('query')
    const found =
      field === undefined
        ? await readOneEvent(parts.refold, runId, revision)
        : await readEventField(parts.refold, { runId, revision, field })
    // As text already: what an older version has recorded may be deeper than the platform writes.
    return c.body(jsonText(found), 200, JSON_BODY) as unknown as ReturnType<typeof c.json<z.infer<typeof oneEvent>, 200>>
  })
}
