import { z } from 'zod'

/** Of a page that was read from views. */
export const behind = z
  .object({ since: z.int().nullable().meta({ description: 'ms since the epoch; null where nobody can say it now' }) })
  .optional()
  .meta({ description: 'what was stored from then on may be missing, since the views are behind the log; absent where nothing is' })
export type Behind = NonNullable<z.infer<typeof behind>>
