import { z } from 'zod'
import { scoreShape } from '../events/score.ts'

export const scoreRun = z
  .strictObject({
    ...scoreShape,
    by: z.string().min(1).max(200).optional().meta({ description: 'who judges; the name of the API key by default', example: 'ann' }),
  })
  .meta({ id: 'ScoreRun' })

/** As a run has it. */
export const score = z
  .object({ ...scoreShape, at: z.int().meta({ description: 'ms since the epoch' }) })
  .meta({ id: 'Score', description: 'Of one name and author the newest.' })
