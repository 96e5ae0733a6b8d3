import { isAppError } from '../errors.ts'
import type { ApiParts } from './api-parts.ts'

/** Brings the views up to the log. Where either of them does not take part now, what is listed is what was known before. */
export const catchUpIfPossible = async ({ refold, logger }: Pick<ApiParts, 'refold' | 'logger'>): Promise<void> => {
  try {
    await refold.projector.catchUp()
  } catch (error) {
    if (!isAppError(error, 'EventLogUnavailable')) throw error
    logger.warn({ code: error.code, message: error.message }, 'the views cannot be brought up to the log')
  }
}
