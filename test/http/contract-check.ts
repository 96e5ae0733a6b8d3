import { Ajv2020 } from 'ajv/dist/2020.js'
import { openApiDocument } from '../../src/http/openapi.ts'

type Schema = Record<string, unknown>

interface Operation {
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { readonly schema: Schema }>> }>>
}

export const document = openApiDocument()
const paths = document['paths'] as Readonly<Record<string, Readonly<Record<string, Operation>>>>

const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true })
ajv.addSchema({ ...document, $id: 'api' })

const PROBLEM = { $ref: '#/components/schemas/Problem' }

/** What the OpenAPI document says is wrong with a response; nothing where it is as described. */
export const contractProblems = (method: string, path: string, response: Response, body: unknown): string[] => {
  const isProblem = response.headers.get('content-type') === 'application/problem+json'
  const schema = isProblem ? PROBLEM : schemaOf(method, path, response)
  if (schema === undefined) return [`${method} ${path} has no answer ${response.status} ${response.headers.get('content-type') ?? ''}`]
  if (schema === 'empty') return body === '' ? [] : [`expected no body, found ${JSON.stringify(body)}`]
  const validate = ajv.compile(inDocument(schema))
  return validate(body) ? [] : (validate.errors ?? []).map(({ instancePath, message = '' }) => `${instancePath} ${message}`)
}

const schemaOf = (method: string, path: string, { status, headers }: Response): Schema | 'empty' | undefined => {
  const template = Object.keys(paths).find((each) => new RegExp(`^${each.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path))
  const answer = paths[template ?? '']?.[method.toLowerCase()]?.responses[String(status)]
  if (answer === undefined) return undefined
  if (answer.content === undefined) return 'empty'
  const type = (headers.get('content-type') ?? '').split(';')[0] ?? ''
  return answer.content[type]?.schema
}

const inDocument = (schema: Schema): Schema => (typeof schema['$ref'] === 'string' ? { $ref: `api${schema['$ref']}` } : schema)
