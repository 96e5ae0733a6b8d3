import { z } from 'zod'
import { AppError } from '../errors.ts'
import { tagText } from '../events/tags.ts'
import { comparable } from '../events/comparable.ts'
import type { RunPage } from './view-store.ts'

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

const check = (schema: z.ZodType, value: unknown): void => {
  const checked = schema.safeParse(value)
  if (checked.success) return
  const problems = checked.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  throw new AppError('InvalidInput', `a list of runs: ${problems.join(', ')}`, { details: { problems } })
}
