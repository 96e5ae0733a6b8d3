import { z } from 'zod'
import { anything, callId, callPath, count, json, messageBody, MOST_REVISIONS, revision, whole } from './contract.ts'

// What exactly a model was asked.

export const promptPath = callPath

export const promptQuery = z.strictObject({
  attempt: whole(1, MOST_REVISIONS).optional().meta({ description: 'the newest without it' }),
  first: whole(0, MOST_REVISIONS)
    .optional()
    .meta({ description: 'index of the first message to show; without it the newest that fit on a page' }),
})

export const requestQuery = z.strictObject({
  attempt: whole(1, MOST_REVISIONS).optional().meta({ description: 'the newest without it' }),
  as: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .meta({ description: 'one of the `forms`; without it that of the provider that was asked, or else `openai`', example: 'anthropic' }),
})

export const writtenPrompt = z
  .object({
    as: z.string(),
    forms: z.array(z.string()).readonly().meta({ description: 'as which it can be written: providers of this process, and vendors' }),
    url: z.string(),
    headers: z.record(z.string(), z.string()).meta({ description: 'beside that of the key' }),
    key: z
      .object({ header: z.string(), before: z.string(), variable: z.string() })
      .meta({ description: 'in which header the key goes, what stands before it, and in which variable it usually is' }),
    body: json,
    dropped: z.array(z.string()).readonly().meta({ description: 'what of the call it cannot carry' }),
    curl: z.string().meta({ description: 'the command of a shell that sends it, with the key from its variable' }),
    scriptLine: z.string().nullable().meta({ description: 'what the model answered, as a line of a script for the scripted model' }),
  })
  .meta({ id: 'WrittenPrompt', description: 'The request of one attempt of a model call, as it goes over the wire, without a key.' })

const said = z.object({
  index: count,
  revision: revision.nullable().meta({ description: 'of the event that said it; null where it is in the code of the chart' }),
  message: messageBody,
})

export const prompt = z
  .object({
    runId: z.string(),
    callId,
    attempt: z.int().positive(),
    revision: revision.meta({ description: 'of the event that claimed the attempt' }),
    model: z.string(),
    purpose: z.enum(['answer', 'wrapUp', 'aside']),
    instructions: z.string().nullable(),
    tools: z
      .array(z.object({ name: z.string(), description: z.string(), inputSchema: json }))
      .readonly()
      .nullable(),
    toolChoice: anything.meta({ description: '`auto`, `required`, `none`, or the tool that it has to call' }),
    output: z.object({ name: z.string(), schema: json }).nullable(),
    settings: anything.meta({
      description: 'of the model, as they were recorded with the call, else as the agent has them; null where neither is known',
    }),
    messages: z.array(said).readonly().meta({ description: 'a page of them, in order' }),
    messageCount: count,
    sameAsBefore: count.meta({ description: 'so many of the first messages were in the prompt of the call before, too' }),
    before: z.object({ callId, attempt: z.int().positive() }).nullable().meta({ description: 'the call before it in the conversation' }),
    fingerprint: z.object({
      recorded: z.string(),
      rebuilt: z.string().nullable(),
      agrees: z.boolean().nullable().meta({ description: 'null where it cannot be rebuilt' }),
    }),
    missing: z.array(z.string()).readonly().meta({ description: 'what cannot be rebuilt, and why, a sentence each' }),
  })
  .meta({ id: 'Prompt', description: 'What a model was asked at one attempt of one call, rebuilt from the log.' })
