import { z } from 'zod'
import { tags } from '../events/tags.ts'
import { json, text } from './contract.ts'

export const startRun = z
  .strictObject({
    agent: z.string().min(1).meta({ description: 'name of an agent', example: 'support' }),
    message: text.optional().meta({ description: 'what the user says first' }),
    data: json.optional().meta({ description: 'what a program says with the message; no model sees it' }),
    tags: tags.optional().meta({ description: 'by which people find it again', example: { customer: 'ann' } }),
    runId: z.string().optional().meta({ description: 'an id of your own: the same start, repeated, is one start', example: 'order-17' }),
    input: json.optional().meta({ description: 'what a chart of your own begins with' }),
    context: json.optional().meta({ description: 'what its code may know beside that, as the agent says it' }),
  })
  .meta({ id: 'StartRun' })
