import { z } from 'zod'
import { by, changedLimits, content, text, json, count, metadata, time } from './contract.ts'
import { behind } from './views-behind.ts'
import { tags } from '../events/tags.ts'

export const takeRunOver = z
  .strictObject({
    by,
    note: text.optional().meta({ description: 'kept with it' }),
    from: z.string().min(1).optional().meta({ description: 'who has it, where it is taken from another person' }),
  })
  .meta({ id: 'TakeRunOver' })

/** Of many runs at one go. */
export const giveRunsBack = z
  .strictObject({
    by,
    reason: text.optional().meta({ description: 'only those with this in the reason for which a person owns them', example: 'network' }),
    agent: z.string().min(1).optional().meta({ description: 'only those of this agent' }),
    note: text.optional().meta({ description: 'what the agents are told' }),
    limits: changedLimits.optional(),
    dryRun: z.boolean().optional().meta({ description: 'only says which they are' }),
    limit: z.int().min(1).max(1_000).optional().meta({ description: 'so many at one go; 100 by default' }),
    cursor: z
      .string()
      .regex(/^\d{1,15}$/, 'expected `next` of the part before')
      .optional()
      .meta({ description: '`next` of the part before' }),
  })
  .meta({ id: 'GiveRunsBack' })

export const givenBackRuns = z
  .object({
    runs: z.array(
      z.object({
        runId: z.string(),
        reason: z.string().meta({ description: 'for which a person owned it' }),
        error: z.object({ code: z.string(), message: z.string() }).optional().meta({ description: 'why this one was not given back' }),
      }),
    ),
    next: z.string().nullable().meta({ description: '`cursor` of the next part; null where every run has been looked at' }),
    behind,
  })
  .meta({ id: 'GivenBackRuns', description: 'What they do next comes as their events.' })

export const startRun = z
  .strictObject({
    agent: z.string().min(1).meta({ description: 'name of an agent', example: 'support' }),
    message: content.optional().meta({ description: 'what the user says first' }),
    data: json.optional().meta({ description: 'what a program says with the message; no model sees it' }),
    tags: tags.optional().meta({ description: 'by which people find it again', example: { customer: 'ann' } }),
    metadata: metadata.optional().meta({ description: 'what a program notes about it for itself', example: { source: 'shop' } }),
    runId: z.string().optional().meta({
      description:
        'an id of your own: the same start, repeated, is one start. With a key of a tenant the id of the run only begins with it; the answer has it whole.',
      example: 'order-17',
    }),
    input: json.optional().meta({ description: 'what a chart of your own begins with' }),
    context: json.optional().meta({ description: 'what its code may know beside that, as the agent says it' }),
  })
  .meta({ id: 'StartRun' })

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
    before: z
      .object({ by: z.string(), at: time, reason: z.string().optional() })
      .nullable()
      .meta({ description: 'who had deleted it before; null where nobody had' }),
    isDone: z.boolean().meta({ description: 'false where payloads go with a later sweep, since they were put in the last two minutes' }),
  })
  .meta({ id: 'Deletion' })
