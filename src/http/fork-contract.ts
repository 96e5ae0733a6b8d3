import { z } from 'zod'
import { forkShape } from '../runtime/forks/fork-options.ts'
import { by, json } from './contract.ts'

const values = z.record(z.string(), json)

/** What a fork is asked for with. */
export const forkRun = z
  .strictObject({
    ...forkShape,
    by,
    at: forkShape.at.meta({ description: 'the last revision that it has in common with the run', example: 7 }),
    message: forkShape.message.meta({ description: 'said there, in place of what was said' }),
    results: values.optional().meta({ description: 'what calls bring that are open there, by call id' }),
    instructions: forkShape.instructions.meta({ description: 'in place of those of the agent' }),
    model: forkShape.model.meta({ description: 'in place of the models of the run', example: 'openai/gpt-5' }),
    agentVersion: forkShape.agentVersion.meta({ description: 'which has to explain all that they have in common' }),
    anew: forkShape.anew.meta({
      description: '`true`: it begins as that version begins its runs, with its settings; where nothing but a message has come in',
    }),
    recorded: forkShape.recorded.meta({ description: '`false`: what the run has recorded behind that answers nothing' }),
    real: forkShape.real.meta({ description: 'tools that are executed for real where nothing is recorded' }),
    reads: forkShape.reads.meta({ description: '`true`: so are tools that only read' }),
    simulate: values.optional().meta({ description: 'what calls bring of which nothing is recorded, by tool' }),
    samples: forkShape.samples.meta({ description: '`true`: what else tools would bring is made up; otherwise a person is asked' }),
    modelCalls: forkShape.modelCalls.meta({ description: 'answers of models beside the recorded ones; 50 by default, null is no limit' }),
    costUsd: forkShape.costUsd.meta({ description: 'what they may cost together; null, the default, is no limit' }),
    runId: z.string().optional().meta({ description: 'an id of your own for the fork, as that of a start' }),
  })
  .meta({ id: 'ForkRun' })
