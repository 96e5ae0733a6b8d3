import { createRoute, type OpenAPIHono } from '@hono/zod-openapi'
import { z } from 'zod'
import { present } from '../present.ts'
import { viewObject } from '../views/view-object.ts'
import { fieldName } from '../views/view-table.ts'
import type { ColumnKind, QueryColumn, ViewQuery } from '../views/view-query.ts'
import { viewNames, viewQueries, viewSql, type ViewFilter, type ViewName } from '../views/view-queries.ts'
import type { ApiParts } from './api-parts.ts'
import { viewQuery } from './contract.ts'
import { behind } from './views-behind.ts'
import type { HttpEnv } from './http-env.ts'
import { answers, guardedBy } from './route-parts.ts'
import { catchUpIfPossible } from './views-as-known.ts'

const meanings: Readonly<Record<ColumnKind, string | undefined>> = {
  text: undefined,
  count: undefined,
  time: 'ms since the epoch',
  duration: 'ms',
  money: 'millionths of a US dollar',
  number: undefined,
  yes: undefined,
}

const valueSchema = ({ kind, nullable }: QueryColumn) => {
  const bare = kind === 'text' ? z.string() : kind === 'yes' ? z.boolean() : kind === 'number' ? z.number() : z.int()
  const known = meanings[kind] === undefined ? bare : bare.meta({ description: meanings[kind] })
  return nullable === true ? known.nullable() : known
}

const rowSchema = ({ columns }: ViewQuery) =>
  z.object(Object.fromEntries(columns.map((column) => [fieldName(column.name), valueSchema(column)])))

const routeOf = (name: ViewName) => {
  const view: ViewQuery = viewQueries[name]
  const rows = z.array(rowSchema(view)).readonly()
  const next = z.string().nullable().meta({ description: '`cursor` of the next page; null on the last' })
  const sql = z.string().optional().meta({ description: 'the query behind the rows, for `POST /v1/sql`' })
  return createRoute({
    method: 'get',
    path: `/v1/views/${name}`,
    operationId: `query${name.replace(/(^|-)./g, (letter) => letter.replace('-', '').toUpperCase())}`,
    summary: view.about,
    tags: ['Views'],
    ...guardedBy('read'),
    request: { query: viewQuery(view) },
    responses: answers('A page of rows.', z.object({ rows, next, sql, behind })),
  })
}

/** One route a view. */
export const viewRoutes = Object.fromEntries(viewNames.map((name) => [name, routeOf(name)])) as Readonly<
  Record<ViewName, ReturnType<typeof routeOf>>
>

/** A key of a tenant sees the rows of its own runs, whatever it asks for. */
export const addViewRoutes = (app: OpenAPIHono<HttpEnv>, { refold, clock, logger }: ApiParts): void => {
  for (const name of viewNames) {
    app.openapi(viewRoutes[name], async (c) => {
      // Which filters there are differs from view to view; the store checks them again.
      const { limit, sql, ...given } = c.req.valid('query') as ViewFilter & { readonly sql?: 'true' | 'false' }
      const { tenant } = c.get('access')
      const known = await catchUpIfPossible({ refold, logger })
      const filter = { ...present(given), limit, ...(tenant === undefined ? {} : { tenant }) }
      const now = clock.now()
      const { rows, next } = await refold.views.query(name, filter, now)
      const query = sql === 'true' ? { sql: viewSql(name, filter, now) } : {}
      return c.json({ rows: rows.map((row) => viewObject(viewQueries[name].columns, row)), next, ...query, ...known }, 200)
    })
  }
}
