import type { OpenAPIHono } from '@hono/zod-openapi'
import type { ApiParts } from './api-parts.ts'
import { chartCatalog } from './chart-catalog.ts'
import { chartRoutes as routes } from './chart-routes.ts'
import { chartStepAt } from './chart-steps.ts'
import type { HttpEnv } from './http-env.ts'
import { HttpProblem } from './problem.ts'
import type { RequireOwnRun } from './run-tenants.ts'

/** Charts are those of the code: all who may read see all of them. */
export const addCharts = (app: OpenAPIHono<HttpEnv>, { refold }: ApiParts, requireOwn: RequireOwnRun): void => {
  const catalog = chartCatalog(refold.agents)
  app.openapi(routes.list, (c) => c.json(catalog.list(), 200))
  app.openapi(routes.chart, async (c) => {
    const found = await catalog.chart(c.req.valid('param').hash)
    if (found !== undefined) return c.json(found, 200)
    throw new HttpProblem('RouteNotFound', 'Expected the hash of a chart of an agent of this service, found another: /v1/charts lists all')
  })
  app.openapi(routes.step, async (c) => {
    const { runId, revision } = c.req.valid('param')
    await requireOwn(c.get('access'), runId)
    return c.json(await chartStepAt(refold, catalog, { runId, revision }), 200)
  })
}
