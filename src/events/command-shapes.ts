import { metadata } from './metadata.ts'
import { tags } from './tags.ts'
import { z } from 'zod'
import { comparable } from './comparable.ts'
import { givenContent, givenPart } from './given-content.ts'
import { incomingJson } from './message.ts'
import { limits } from './limits.ts'
import { dataSchemas } from './run-events.ts'

// What people and programs may ask for, whichever way it comes: over the library, HTTP or the bus.

const by = comparable.min(1).max(200).meta({ description: 'Who asks for it: a person or a program.' })
const text = z.string().min(1)
const callId = z.string().min(1).max(200).meta({ description: 'Of a tool call or an approval.' })
const name = comparable.min(1).max(200)
const digest = z.string().max(200).optional().meta({ description: 'Of what was asked: refused if something else is asked by now.' })

const seen = z
  .int()
  .nonnegative()
  .optional()
  .meta({ description: 'Revision of the state that was decided on: refused if a message has come in since.' })

const outcome = z.discriminatedUnion('succeeded', [
  z.strictObject({ succeeded: z.literal(true), output: incomingJson }),
  z.strictObject({ succeeded: z.literal(false), message: text }),
])

const scored = dataSchemas.RunScored.shape

/** Who deletes a run, and why: both stay in its stream. */
export const deletionShape = {
  by,
  reason: text.max(10_000).optional(),
  force: z.boolean().optional(),
  cancel: z.boolean().optional(),
} as const

/** One of both. */
const said = {
  text: text.optional(),
  parts: z.array(givenPart).min(1).optional().meta({ description: 'In the place of the text, where more than a text is said.' }),
}

/** The fields of each command. */
export const commandShapes = {
  startRun: {
    agent: name,
    message: givenContent.optional().meta({ description: 'What is said: a text, or parts.' }),
    data: incomingJson.optional().meta({ description: 'What a program says with the message; no model sees it.' }),
    input: incomingJson.optional().meta({ description: 'What a chart of your own begins with.' }),
    context: incomingJson.optional().meta({ description: 'What its code may know beside that, as the agent says it.' }),
    tags: tags.optional().meta({ description: 'By which people find it again.' }),
    metadata: metadata.optional().meta({ description: 'What a program notes about it for itself: shown with the run.' }),
    tenant: name.optional().meta({ description: 'Whose run it is, where several share a log.' }),
    by: by.optional(),
  },
  sendMessage: { ...said, data: incomingJson.optional(), by: by.optional() },
  approve: {
    callId,
    by,
    digest,
    seen,
    input: incomingJson.optional().meta({ description: 'What the tool gets instead of what was asked: as it is to be executed.' }),
  },
  deny: { callId, by, reason: text, digest },
  settleToolCall: { callId, by, outcome },
  answer: { by, ...said },
  takeOver: {
    by,
    note: text.optional(),
    from: by.optional().meta({ description: 'Who has it, where it is taken from another person.' }),
  },
  giveBack: { by, note: text.optional(), limits: limits.partial().optional() },
  complete: { by, output: incomingJson.optional() },
  fail: { by, reason: text },
  pause: { by, reason: text.optional() },
  resume: { by },
  reopen: { by, note: text.optional() },
  move: { by, to: text.meta({ description: 'The version of its agent that it goes on with.' }), note: text.optional() },
  cancel: { by, reason: text },
  score: {
    name: comparable.pipe(scored.name).meta({ description: 'What is judged: `thumbs`, `correct`, `tone` …' }),
    value: scored.value.meta({ description: 'Any finite number; what it means follows from the name.' }),
    passed: scored.passed.meta({ description: 'Whether that is good enough.' }),
    note: scored.note.meta({ description: 'Why.' }),
    revision: scored.revision.meta({ description: 'Of the event that it is about; the whole run without it.' }),
    by,
  },
} as const
