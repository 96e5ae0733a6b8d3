import { z } from 'zod'
import { comparable } from '../events/comparable.ts'
import { commandShapes } from '../events/command-shapes.ts'

// What other programs may publish to the topic of commands: a command, which becomes events only if the run's charts accept it.

const common = {
  version: z.literal(1).optional(),
  commandId: comparable
    .min(1)
    .max(200)
    .meta({ description: 'Chosen by the sender, unique within the run: a command that comes again with the same id is granted once.' }),
  runId: z.string().min(1).max(200).meta({ description: 'Also the key of the message, so that the commands of one run keep their order.' }),
}
const commandSchema = <Type extends keyof typeof commandShapes>(type: Type) =>
  z.strictObject({ type: z.literal(type), ...common, ...commandShapes[type] })

/** One schema a type of command. */
export const commandSchemas = {
  startRun: commandSchema('startRun'),
  sendMessage: commandSchema('sendMessage'),
  approve: commandSchema('approve'),
  deny: commandSchema('deny'),
  settleToolCall: commandSchema('settleToolCall'),
  answer: commandSchema('answer'),
  takeOver: commandSchema('takeOver'),
  giveBack: commandSchema('giveBack'),
  complete: commandSchema('complete'),
  fail: commandSchema('fail'),
  pause: commandSchema('pause'),
  resume: commandSchema('resume'),
  reopen: commandSchema('reopen'),
  move: commandSchema('move'),
  cancel: commandSchema('cancel'),
  score: commandSchema('score'),
}

type AnyCommand = (typeof commandSchemas)[keyof typeof commandSchemas]

export const commandMessage = z.discriminatedUnion('type', Object.values(commandSchemas) as [AnyCommand, ...AnyCommand[]])
export type CommandMessage = z.infer<typeof commandMessage>

type Schema = Record<string, unknown>

/** JSON Schema 2020-12 of each type of command, by file name. */
export const commandSchemaFiles = (): ReadonlyMap<string, Schema> =>
  new Map(Object.entries(commandSchemas).map(([type, schema]) => [`${type}.v1.json`, { ...toSchema(schema), title: type }]))

const toSchema = (schema: z.ZodType): Schema => z.toJSONSchema(schema, { unrepresentable: 'any' })
