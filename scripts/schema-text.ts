interface Schema {
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly minimum?: number
  readonly exclusiveMinimum?: number
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
}

/** A JSON Schema in a few words, for a cell of a table. */
export const schemaText = (schema: Schema): string => {
  if (schema.const !== undefined) return code(schema.const)
  if (schema.enum !== undefined) return schema.enum.map(code).join(' ')
  const variants = schema.anyOf ?? schema.oneOf
  if (variants !== undefined) return variants.map(schemaText).join(' or ')
  return simpleText(schema)
}

const simpleText = (schema: Schema): string => {
  switch (schema.type) {
    case 'integer':
      return `integer${leastText(schema)}`
    case 'array':
      return schema.items === undefined ? 'list' : `list of ${schemaText(schema.items)}`
    case 'object':
      return objectText(schema)
    case undefined:
      return 'JSON'
    default:
      return String(schema.type)
  }
}

const leastText = ({ minimum, exclusiveMinimum }: Schema): string => {
  if (exclusiveMinimum === 0) return ', from 1'
  return minimum === 0 ? ', from 0' : ''
}

const objectText = ({ properties = {}, required = [] }: Schema): string =>
  `{ ${Object.keys(properties)
    .map((name) => (required.includes(name) ? name : `${name}?`))
    .join(', ')} }`

const code = (value: unknown): string => `\`${String(value)}\``
