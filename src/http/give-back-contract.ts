import { z } from 'zod'
import { by, changedLimits, text } from './contract.ts'
import { behind } from './views-behind.ts'

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
