import { isUnavailable } from '../errors.ts'
import type { ApiParts } from './api-parts.ts'
import type { Behind } from './views-behind.ts'

/**
 * Brings the views up to the log, as far as that is quick, and says what they lack. Where either of them does not take part now, what is
 * listed is what was known before.
 */
export const catchUpIfPossible = async ({ refold, logger }: Pick<ApiParts, 'refold' | 'logger'>): Promise<{ readonly behind?: Behind }> => {
  try {
    const behind = await refold.catchUpQuickly()
    return behind === undefined ? {} : { behind: { since: behind.since ?? null } }
  } catch (error) {
    if (!isUnavailable(error)) throw error
    logger.warn({ code: error.code, message: error.message }, 'the views cannot be brought up to the log')
    return { behind: { since: null } }
  }
}
