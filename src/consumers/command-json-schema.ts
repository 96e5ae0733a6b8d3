import { z } from 'zod'
import { commandSchemas } from './command-message.ts'

type Schema = Record<string, unknown>

/** JSON Schema 2020-12 of each type of command, by file name. */
export const commandSchemaFiles = (): ReadonlyMap<string, Schema> =>
  new Map(Object.entries(commandSchemas).map(([type, schema]) => [`${type}.v1.json`, { ...toSchema(schema), title: type }]))

const toSchema = (schema: z.ZodType): Schema => z.toJSONSchema(schema, { unrepresentable: 'any' })
