import type { OpenAPIHono } from '@hono/zod-openapi'
import type { z } from 'zod'
import { isAppError } from '../errors.ts'
import { jsonText } from '../json.ts'
import type { Access } from './api-keys.ts'
import type { ApiParts } from './api-parts.ts'
import type { datasetPage } from './dataset-contract.ts'
import { datasetFiles, readCases } from './dataset-files.ts'
import { datasetRoutes as routes } from './dataset-routes.ts'
import type { HttpEnv } from './http-env.ts'
import { HttpProblem } from './problem.ts'
import type { RequireOwnRun } from './run-tenants.ts'

const JSON_BODY = { 'content-type': 'application/json' }

/** Which files there are is the operator's; what they hold is of runs, so a key of a tenant sees what is from its own. */
export const addDatasets = (app: OpenAPIHono<HttpEnv>, { datasetDir: dir }: ApiParts, requireOwn: RequireOwnRun): void => {
  app.openapi(routes.list, async (c) =>
    c.json({ isConfigured: dir !== undefined, datasets: dir === undefined ? [] : await datasetFiles(dir) }, 200),
  )
  app.openapi(routes.one, async (c) => {
    const { name } = c.req.valid('param')
    const isOwn = ownedBy(c.get('access'), requireOwn)
    const found = dir === undefined ? undefined : await readCases(dir, { name, ...c.req.valid('query'), isOwn })
    if (found === undefined) throw new HttpProblem('RouteNotFound', 'Expected the name of a dataset, found another: /v1/datasets lists all')
    // As text already: a file may hold what is deeper than the platform writes.
    return c.body(jsonText({ name, ...found }), 200, JSON_BODY) as unknown as ReturnType<typeof c.json<z.infer<typeof datasetPage>, 200>>
  })
}

const ownedBy =
  (access: Access, requireOwn: RequireOwnRun) =>
  async (runId: string): Promise<boolean> => {
    if (access.tenant === undefined) return true
    try {
      await requireOwn(access, runId, { isDeleted: true })
      return true
    } catch (error) {
      if (isAppError(error, 'RunNotFound')) return false
      throw error
    }
  }
