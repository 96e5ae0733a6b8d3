import { z } from 'zod'
import type { JsonObject } from '../json.ts'
import type { Tool } from './tool.ts'

/**
 * What a model is told of a tool: the schema is that of the arguments as the model has to write them, so before defaults are filled in.
 * Throws what zod throws where JSON Schema cannot describe the input, which `defineTool` has ruled out.
 */
export const toolDeclaration = ({
  name,
  description,
  input,
  inputSchema,
}: Tool): { readonly name: string; readonly description: string; readonly inputSchema: JsonObject } => {
  if (inputSchema !== undefined) return { name, description, inputSchema: structuredClone(inputSchema) }
  const { $schema: _, ...schema } = z.toJSONSchema(input, { io: 'input' })
  // Through text, since zod's object also carries functions, and a prompt's hash covers pure JSON only.
  return { name, description, inputSchema: JSON.parse(JSON.stringify(schema)) as JsonObject }
}
