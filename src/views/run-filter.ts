import { z } from 'zod'
import { AppError } from '../errors.ts'
import { tagLine, tagText } from '../events/tags.ts'
import { comparable } from '../events/comparable.ts'
import type { QueryText } from './view-queries.ts'
import type { RunPage } from './view-store.ts'

/** Without wildcards: a tag may hold any character. */
const TAGGED = "replace(tags, ?, '') <> tags"

const limit = z.int('expected a limit of 1, 2, 3 …').positive('expected a limit of 1, 2, 3 …')

const runPage = z.strictObject({
  status: comparable.optional(),
  agent: comparable.optional(),
  waitsFor: comparable.optional(),
  tenant: comparable.optional(),
  tag: comparable.pipe(tagText).optional(),
  before: z.int().optional(),
  limit,
})

const due = z.strictObject({ now: z.int(), limit })

/** Throws `InvalidInput` for a page of runs that no store could be asked for. */
export const checkRunPage = (page: RunPage): void => {
  check(runPage, page)
}

/** Throws `InvalidInput`. */
export const checkDue = (now: number, limit: number): void => {
  check(due, { now, limit })
}

/** What follows `from refold_runs` for a page, with a `?` for each value: the same for SQLite and Postgres. */
export const pageQuery = ({ status, agent, waitsFor, tenant, tag, before, limit: most }: RunPage): QueryText => {
  const conditions: readonly [text: string, value: string | number | undefined][] = [
    ['status = ?', status],
    ['agent = ?', agent],
    ['waits_for = ?', waitsFor],
    ['tenant = ?', tenant],
    [TAGGED, tag === undefined ? undefined : tagLine(tag)],
    ['position < ?', before],
  ]
  const given = conditions.flatMap(([text, value]) => (value === undefined ? [] : [{ text, value }]))
  const where = given.length === 0 ? '' : `where ${given.map(({ text }) => text).join(' and ')} `
  return { text: `${where}order by position desc limit ?`, values: [...given.map(({ value }) => value), most] }
}

const check = (schema: z.ZodType, value: unknown): void => {
  const checked = schema.safeParse(value)
  if (checked.success) return
  const problems = checked.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  throw new AppError('InvalidInput', `a list of runs: ${problems.join(', ')}`, { details: { problems } })
}
