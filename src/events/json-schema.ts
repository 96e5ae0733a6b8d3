import { z } from 'zod'
import { payloadFields } from './codec.ts'
import { eventMeta } from './envelope.ts'
import { dataSchemas, runEventTypes, type RunEventType } from './run-events.ts'
import { currentVersion } from './upcast.ts'

type Schema = Record<string, unknown>

const blobReference: Schema = {
  description: 'The payload is in the blob store, under the SHA-256 of its JSON text; the meta names the field in `blobs`.',
  type: 'object',
  properties: { blob: { type: 'string', pattern: '^[0-9a-f]{64}$' }, length: { type: 'integer', minimum: 0 } },
  required: ['blob', 'length'],
  additionalProperties: false,
}

/** JSON Schema 2020-12 of the data of every event type as it is stored, by file name. */
export const eventSchemas = (): ReadonlyMap<string, Schema> =>
  new Map([
    ...runEventTypes.map((type): [string, Schema] => [`${type}.v${currentVersion(type)}.json`, dataSchema(type)]),
    ['meta.v1.json', toSchema(eventMeta)],
  ])

const dataSchema = (type: RunEventType): Schema => {
  const schema = toSchema(dataSchemas[type])
  const properties = { ...(schema.properties as Record<string, Schema>) }
  for (const field of payloadFields[type] ?? []) properties[field] = { anyOf: [properties[field] ?? {}, blobReference] }
  return { ...schema, title: type, properties }
}

const toSchema = (schema: z.ZodType): Schema => z.toJSONSchema(schema, { unrepresentable: 'any' })
