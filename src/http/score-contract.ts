import { z } from 'zod'
import { commandShapes } from '../events/command-shapes.ts'

const { by, ...said } = commandShapes.score

export const scoreRun = z
  .strictObject({ ...said, by: by.optional().meta({ description: 'who judges; the name of the API key by default', example: 'ann' }) })
  .meta({ id: 'ScoreRun' })

/** As a run has it. */
export const score = z
  .object({ ...commandShapes.score, at: z.int().meta({ description: 'ms since the epoch' }) })
  .meta({ id: 'Score', description: 'Of one name and author the newest of each event, and of the whole run.' })
