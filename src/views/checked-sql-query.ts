import { z } from 'zod'
import { AppError } from '../errors.ts'
import { sqlLimits, type SqlQuery } from './sql-query.ts'

const { textLength, parameters, parameterLength, timeoutMs, rows } = sqlLimits

const isText = (text: string): boolean => text.isWellFormed() && !text.includes('\0')

const NO_TEXT = 'expected a text without NUL and halves of characters'

export const sqlText = z
  .string()
  .max(textLength, `expected a statement of ${textLength} characters at most`)
  .refine((text) => text.trim() !== '', 'expected a statement')
  .refine(isText, NO_TEXT)

export const sqlParameters = z
  .array(z.union([z.string().max(parameterLength).refine(isText, NO_TEXT), z.number(), z.boolean(), z.null()]))
  .max(parameters, `expected ${parameters} parameters at most`)

export const sqlTimeoutMs = z.int().min(1).max(timeoutMs.most)
export const sqlRows = z.int().min(1).max(rows)

/** By tenant, the role of Postgres that asks in SQL for it. */
export const sqlRoles = z
  .record(z.string(), z.string().regex(/^[A-Za-z_][\w$-]{0,62}$/, 'expected the name of a role'))
  .refine((roles) => new Set(Object.values(roles)).size === Object.keys(roles).length, 'expected a role of its own for each tenant')

/** Throws `InvalidConfiguration`. */
export const checkedSqlRoles = (given: unknown): Readonly<Record<string, string>> => {
  const checked = sqlRoles.safeParse(given ?? {})
  if (checked.success) return checked.data
  const problems = checked.error.issues.map(({ path, message }) => `sqlRoles.${path.join('.')}: ${message}`)
  throw new AppError('InvalidConfiguration', `The roles that ask in SQL are not as expected: ${problems.join(', ')}`)
}

const shape = z.strictObject({
  sql: sqlText,
  parameters: sqlParameters.default([]),
  tenant: z.string().min(1).refine(isText, NO_TEXT).optional(),
  timeoutMs: sqlTimeoutMs.default(timeoutMs.usual),
  limit: sqlRows.default(rows),
})

/** Throws `InvalidInput`. */
export const checkedSqlQuery = (sql: unknown, options: unknown): SqlQuery => {
  const given = typeof options === 'object' && options !== null ? options : {}
  const checked = shape.safeParse({ ...given, sql })
  if (checked.success) return { ...checked.data, tenant: checked.data.tenant }
  const problems = checked.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  throw new AppError('InvalidInput', `a query in SQL: ${problems.join(', ')}`, { details: { problems } })
}
