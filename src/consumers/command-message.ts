import { z } from 'zod'
import { incomingJson } from '../events/message.ts'
import { limits } from '../events/run-events.ts'

// What other programs may publish to the topic of commands: a wish, which becomes events only if the run's charts accept it.

const wish = {
  version: z.literal(1).optional(),
  commandId: z
    .string()
    .min(1)
    .max(200)
    .meta({ description: 'Chosen by the sender, unique within the run: a wish that comes again with the same id is granted once.' }),
  runId: z.string().min(1).max(200).meta({ description: 'Also the key of the message, so that the wishes of one run keep their order.' }),
}
const by = z.string().min(1).max(200).meta({ description: 'Who wishes it: a person or a program.' })
const text = z.string().min(1)
const callId = z.string().min(1).max(200).meta({ description: 'Of a tool call or an approval.' })
const digest = z.string().optional().meta({ description: 'Of what was asked: refused if something else is asked by now.' })

const seen = z
  .int()
  .nonnegative()
  .optional()
  .meta({ description: 'Revision of the state that was decided on: refused if a message has come in since.' })

const outcome = z.discriminatedUnion('succeeded', [
  z.strictObject({ succeeded: z.literal(true), output: incomingJson }),
  z.strictObject({ succeeded: z.literal(false), message: text }),
])

const shapes = {
  startRun: {
    agent: text,
    message: text.optional(),
    input: incomingJson.optional().meta({ description: 'What a chart of your own begins with.' }),
    tenant: text.optional().meta({ description: 'Whose run it is, where several share a log.' }),
    by: by.optional(),
  },
  sendMessage: { text, data: incomingJson.optional(), by: by.optional() },
  approve: { callId, by, digest, seen },
  deny: { callId, by, reason: text, digest },
  settleToolCall: { callId, by, outcome },
  answer: { by, text },
  giveBack: { by, note: text.optional(), limits: limits.partial().optional() },
  complete: { by, output: incomingJson.optional() },
  fail: { by, reason: text },
  pause: { by, reason: text.optional() },
  resume: { by },
  reopen: { by, note: text.optional() },
  cancel: { by, reason: text },
} as const

const commandSchema = <Type extends keyof typeof shapes>(type: Type) => z.strictObject({ type: z.literal(type), ...wish, ...shapes[type] })

/** One schema a type of command. */
export const commandSchemas = {
  startRun: commandSchema('startRun'),
  sendMessage: commandSchema('sendMessage'),
  approve: commandSchema('approve'),
  deny: commandSchema('deny'),
  settleToolCall: commandSchema('settleToolCall'),
  answer: commandSchema('answer'),
  giveBack: commandSchema('giveBack'),
  complete: commandSchema('complete'),
  fail: commandSchema('fail'),
  pause: commandSchema('pause'),
  resume: commandSchema('resume'),
  reopen: commandSchema('reopen'),
  cancel: commandSchema('cancel'),
}

const { startRun, sendMessage, approve, deny, settleToolCall, answer, giveBack, complete, fail, pause, resume, reopen, cancel } =
  commandSchemas

export const commandMessage = z.discriminatedUnion('type', [
  startRun,
  sendMessage,
  approve,
  deny,
  settleToolCall,
  answer,
  giveBack,
  complete,
  fail,
  pause,
  resume,
  reopen,
  cancel,
])
export type CommandMessage = z.infer<typeof commandMessage>
