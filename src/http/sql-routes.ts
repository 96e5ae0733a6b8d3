import { createRoute, type OpenAPIHono } from '@hono/zod-openapi'
import { AppError } from '../errors.ts'
import { present } from '../present.ts'
import { sqlLimits } from '../views/sql-query.ts'
import type { ApiParts } from './api-parts.ts'
import type { HttpEnv } from './http-env.ts'
import { answers, body, guardedBy } from './route-parts.ts'
import { sqlCatalog, sqlQuery, sqlResult } from './sql-contract.ts'
import { catchUpIfPossible } from './views-as-known.ts'

const { timeoutMs, rows: mostRows } = sqlLimits

export const sqlRoutes = {
  ask: createRoute({
    method: 'post',
    path: '/v1/sql',
    operationId: 'askSql',
    summary: 'Asks the tables of the views in SQL. A key of a tenant sees the rows of its own runs.',
    tags: ['Views'],
    ...guardedBy('sql'),
    request: { body: body(sqlQuery) },
    responses: answers('What was found.', sqlResult),
  }),
  catalog: createRoute({
    method: 'get',
    path: '/v1/sql',
    operationId: 'getSqlCatalog',
    summary: 'What can be asked in SQL: tables, queries that have a name, and limits.',
    tags: ['Views'],
    ...guardedBy('sql'),
    responses: answers('What can be asked.', sqlCatalog),
  }),
} as const

export const addSqlRoutes = (app: OpenAPIHono<HttpEnv>, { refold, logger }: ApiParts): void => {
  const { tables, queries } = refold.sqlCatalog
  const textOf = (name: string): string => {
    const found = queries.find((query) => query.name === name)
    if (found !== undefined) return found.sql
    throw new AppError('InvalidInput', `Expected a query of ${queries.map((query) => query.name).join(', ')}, found another`)
  }
  app.openapi(sqlRoutes.ask, async (c) => {
    const { sql, query = '', ...options } = c.req.valid('json')
    const { tenant } = c.get('access')
    const asked = {
      parameters: [],
      timeoutMs: timeoutMs.usual,
      limit: mostRows,
      ...present(options),
      sql: sql ?? textOf(query),
      tenant,
      signal: c.req.raw.signal,
    }
    const known = await catchUpIfPossible({ refold, logger })
    const { columns, rows, cut, durationMs } = await refold.views.sql(asked)
    return c.json({ columns, rows, cut, durationMs, ...known }, 200)
  })
  const { parameterLength: _, ...limits } = sqlLimits
  app.openapi(sqlRoutes.catalog, (c) => c.json({ tables, queries, limits }, 200))
}
