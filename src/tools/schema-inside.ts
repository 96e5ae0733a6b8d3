import type { z } from 'zod'

/** One check of a schema. `fn` is what the user has written, where zod shows it. */
export interface SchemaCheck {
  readonly _zod: { readonly def: { readonly check?: string; readonly fn?: unknown }; readonly check: unknown }
}

/** What a zod schema is made of. */
export interface SchemaDefinition {
  readonly type: string
  readonly checks?: readonly SchemaCheck[]
  readonly [name: string]: unknown
}

interface Inside {
  readonly def: SchemaDefinition
  readonly bag: { readonly Class?: { readonly name: string } }
}

export const insideOf = (schema: z.ZodType): Inside => (schema as z.ZodType & { readonly _zod: Inside })._zod
