import { z } from 'zod'
import { sqlParameters, sqlRows, sqlText, sqlTimeoutMs } from '../views/checked-sql-query.ts'
import { sqlLimits } from '../views/sql-query.ts'
import { behind } from './views-behind.ts'

const { timeoutMs, rows: mostRows, bytes } = sqlLimits

export const sqlQuery = z
  .strictObject({
    sql: sqlText
      .optional()
      .meta({ description: 'one statement that only reads', example: 'select agent, count(*) from refold_runs group by agent' }),
    query: z.string().min(1).optional().meta({ description: 'in its place: the name of a query, as `GET /v1/sql` lists them' }),
    parameters: sqlParameters.optional().meta({ description: 'the values of `$1`, `$2` …, in order' }),
    timeoutMs: sqlTimeoutMs.optional().meta({ description: `after which it is ended; ${timeoutMs.usual} by default` }),
    limit: sqlRows.optional().meta({ description: `rows; ${mostRows} by default` }),
  })
  .refine(({ sql, query }) => (sql === undefined) !== (query === undefined), 'expected either `sql` or `query`')
  .meta({ id: 'SqlQuery' })

export const sqlResult = z
  .object({
    columns: z
      .array(
        z.object({
          name: z.string().meta({ description: 'several may have the same' }),
          type: z.enum(['integer', 'real', 'text', 'blob', 'boolean', 'mixed', 'null']),
        }),
      )
      .readonly(),
    rows: z
      .array(z.array(z.union([z.string(), z.number(), z.boolean(), z.null()])).readonly())
      .readonly()
      .meta({
        description:
          'values in the order of the columns. A whole number beyond 2^53 is its digits, bytes are `\\x` and hexadecimal digits, and NaN and Infinity are their names',
      }),
    cut: z
      .enum(['rows', 'bytes'])
      .nullable()
      .meta({ description: `where there are more: whether \`limit\` or ${bytes / 1024 / 1024} MiB of rows were reached` }),
    durationMs: z.int(),
    behind,
  })
  .meta({ id: 'SqlResult' })

export const sqlCatalog = z
  .object({
    tables: z
      .array(
        z.object({
          name: z.string(),
          about: z.string(),
          columns: z
            .array(z.object({ name: z.string(), type: z.enum(['text', 'integer', 'real']), nullable: z.boolean(), about: z.string() }))
            .readonly(),
        }),
      )
      .readonly(),
    queries: z
      .array(
        z.object({
          name: z.string(),
          about: z.string(),
          sql: z.string(),
          of: z.enum(['refold', 'project']),
          parameters: z.int().meta({ description: 'how many values it takes' }),
        }),
      )
      .readonly(),
    limits: z.object({
      timeoutMs: z.object({ usual: z.int(), most: z.int() }),
      rows: z.int(),
      bytes: z.int(),
      queries: z.int().meta({ description: 'at one time, in each process' }),
      textLength: z.int(),
      parameters: z.int(),
    }),
  })
  .meta({ id: 'SqlCatalog' })
