import { HonoRequest } from 'hono/request'
import type { JsonObject } from '../json.ts'
import { boundedForm } from './form-bounds.ts'
import { HttpProblem } from './problem.ts'

// A message with pictures and files, as forms and curl send it: the request as JSON in the field `request`, and files in any other. They stand
// behind its text, in their order.

const REQUEST = 'request'

export const isMultipart = (type: string): boolean => /^multipart\/form-data *;/i.test(type.trim())

/** The same request as JSON, bytes in base64. Throws `InvalidInput` for what is none, and `RequestTooLarge` for a request of more than `most` bytes beside its files. */
export const jsonOfForm = async (bytes: Uint8Array, type: string, most: number): Promise<string> => {
  const form = await readForm(bytes, boundedForm(bytes, type))
  const fields = [...form]
  const request = await requestOf(form.get(REQUEST), most)
  const files = fields.filter(([name]) => name !== REQUEST)
  const parts: JsonObject[] = []
  for (const [name, value] of files) parts.push(await partOf(name, value))
  if (parts.length === 0) return JSON.stringify(request)
  const { message } = request
  const said = typeof message === 'string' ? [{ type: 'text', text: message }] : (message ?? [])
  if (!Array.isArray(said)) throw invalid('a text or a list of parts as the message', 'something else')
  return JSON.stringify({ ...request, message: [...said, ...parts] })
}

type Field = string | File

const readForm = async (bytes: Uint8Array, type: string): Promise<FormData> => {
  try {
    const body = bytes as Uint8Array<ArrayBuffer>
    return await new HonoRequest(new Request('http://form/', { method: 'POST', headers: { 'content-type': type }, body })).formData()
  } catch {
    throw invalid('a body of multipart/form-data', 'one that cannot be read')
  }
}

const requestOf = async (field: Field | null, most: number): Promise<JsonObject> => {
  if (field === null) throw invalid(`the request as JSON in the field \`${REQUEST}\``, 'no such field')
  const text = typeof field === 'string' ? field : await field.text()
  if (Buffer.byteLength(text) > most)
    throw new HttpProblem('RequestTooLarge', `Expected ${most} bytes at most in the field \`${REQUEST}\`, found more`)
  const request = parsed(text)
  if (typeof request === 'object' && request !== null && !Array.isArray(request)) return request as JsonObject
  throw invalid(`a JSON object in the field \`${REQUEST}\``, 'something else')
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    throw invalid(`JSON in the field \`${REQUEST}\``, 'another text')
  }
}

/** What is no picture by its type is a file. */
const partOf = async (name: string, value: Field): Promise<JsonObject> => {
  if (typeof value === 'string') throw invalid(`a file in the field ${JSON.stringify(name.slice(0, 100))}`, 'a text')
  const data = Buffer.from(await value.arrayBuffer()).toString('base64')
  const declared = value.type === '' || value.type === 'application/octet-stream' ? {} : { mediaType: value.type }
  const source = { type: 'bytes', data, ...declared }
  return value.type.startsWith('image/') ? { type: 'image', source } : { type: 'file', source, name: value.name }
}

const invalid = (expected: string, found: string): HttpProblem => new HttpProblem('InvalidInput', `Expected ${expected}, found ${found}`)
