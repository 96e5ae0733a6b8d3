import { z } from 'zod'
import { by, count, text } from './contract.ts'

/** In the query, since many clients send no body with a DELETE. */
export const deleteQuery = z.strictObject({
  by,
  reason: text.optional().meta({ description: 'kept, with who and when' }),
  cancel: z.enum(['true', 'false']).optional().meta({ description: '`true`: cancels it first where it is active' }),
  force: z.enum(['true', 'false']).optional().meta({ description: '`true`: also where nobody knows what became of a call of it' }),
})

export const deletion = z
  .object({
    runId: z.string(),
    runs: z.array(z.string()).meta({ description: 'the run, and those that it has started' }),
    events: count,
    blobs: count.meta({ description: 'payloads that were stored apart' }),
    unsettled: z
      .array(z.object({ runId: z.string(), callId: z.string() }))
      .meta({ description: 'calls of which nobody knows what became of them; there are none without `force`' }),
    isDone: z.boolean().meta({ description: 'false where payloads go with a later sweep, since they were put in the last two minutes' }),
  })
  .meta({ id: 'Deletion' })
